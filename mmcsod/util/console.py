"""Exit status, error messages and logging of every command line."""

import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from mmcsod.util.distributed import is_joined, leave
from mmcsod.util.errors import UserError

_MMDETECTION = 'MMDetection, MMCV and MMEngine'
INSTALLED_WITH = {'mmengine': _MMDETECTION, 'mmcv': _MMDETECTION, 'mmdet': _MMDETECTION, 'torch': 'PyTorch'}
"""What to install for a module that is missing."""

TRACEBACK = 'MMCSOD_TRACEBACK'
"""Environment variable that shows the traceback of an error above its message; child processes inherit it."""


def run(main: Callable[[], int | None]) -> None:
    """Call ``main`` and exit with its status.

    A :class:`UserError`, and what the system refuses, become one line on stderr and status 2. A command whose reader
    leaves (``| head -1``) goes on logging to nobody and ends silently at its next print, with status 141.
    """
    _open_streams()
    _show_log()
    try:
        status = _status(main)
        sys.stdout.flush()
        leave()  # MMEngine stays in its process group
    except UserError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition('.')[0] == __package__:
            raise
        _fail(
            f'The module {error.name} is not installed, and this needs it; docs/install.md says how to install '
            f'{INSTALLED_WITH.get(error.name.partition(".")[0], "what mmcsod requires")}.'
        )
    except MemoryError:
        _fail('There is not enough memory.')
    except BrokenPipeError:
        _drop_output()
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        if not error.filename:
            _drop_output()  # it may be the output that is refused, which would be tried again at exit
        _fail(f'The system refused {error.filename or "the output"}: {error.strerror or error}.')
    except KeyboardInterrupt as interrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end in a traceback
        print(': '.join(filter(None, ('interrupted', *interrupt.args))), file=sys.stderr)
        sys.exit(130)
    sys.exit(status)


def _status(main: Callable[[], int | None]) -> Any:
    try:
        return main()
    except SystemExit as end:  # of argparse, after --help
        return end.code


def printable(text: str) -> str:
    """Return ``text`` with its control characters escaped: names in a file must not steer a terminal."""
    return ''.join(char if char.isprintable() or char == '\n' else ascii(char)[1:-1] for char in text)


def log_warnings_only() -> None:
    """Log nothing below a warning: the first process of several logs the progress."""
    logging.getLogger('mmcsod').setLevel(logging.WARNING)


def show_traceback() -> None:
    """Print the traceback of the error that is being handled if :data:`TRACEBACK` asks for it."""
    if os.environ.get(TRACEBACK, '0') not in ('', '0'):
        traceback.print_exc()


def _fail(message: str) -> NoReturn:
    show_traceback()
    print('error:', *printable(message).split('\n'), file=sys.stderr)  # one line, whatever the names in it
    if is_joined():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(2)  # the threads of a process group that has lost a process can turn a normal exit into an abort
    sys.exit(2)


def _open_streams() -> None:
    """Give a process that was started with a closed stdout or stderr (``>&-``) one that drops what is written."""
    for name in ('stdout', 'stderr'):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open('w', encoding='utf-8'))  # noqa: SIM115


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_log() -> None:
    logging.raiseExceptions = False  # a log line that nobody reads, MMEngine's too, is not an error
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')  # for names that the terminal cannot show
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Printable('%(message)s'))
    logger = logging.getLogger('mmcsod')
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
