"""What the command lines share: one clear sentence instead of a traceback."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from mmcsod.util.errors import UserError

_MMDETECTION = 'MMDetection, MMCV and MMEngine'
INSTALLED_WITH = {'mmengine': _MMDETECTION, 'mmcv': _MMDETECTION, 'mmdet': _MMDETECTION, 'torch': 'PyTorch'}
"""What one installs to have a module."""


def run(main: Callable[[], int | None]) -> None:
    """Call ``main`` and exit with its status.

    A :class:`UserError`, and what the system refuses, become one line on stderr and status 2.
    """
    _show_log()
    try:
        status = main()
        sys.stdout.flush()
        if distributed := _joined():  # MMEngine leaves its group as it is
            distributed.destroy_process_group()
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
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        _fail(f'The system refused {error.filename}: {error.strerror}.' if error.filename else str(error))
    except KeyboardInterrupt as interrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would end in a traceback
        print(': '.join(filter(None, ('interrupted', *interrupt.args))), file=sys.stderr)
        sys.exit(130)
    sys.exit(status)


def printable(text: str) -> str:
    """Return ``text`` with its control characters spelled out: a file's names must not steer a terminal."""
    return ''.join(char if char.isprintable() or char == '\n' else ascii(char)[1:-1] for char in text)


def log_warnings_only() -> None:
    """Leave telling the progress to another process."""
    logging.getLogger('mmcsod').setLevel(logging.WARNING)


def _fail(message: str) -> NoReturn:
    print('error:', *printable(message).split('\n'), file=sys.stderr)  # a name of several lines in it is one line
    if _joined():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(2)  # the threads of a group that has lost a process can turn a normal exit into an abort
    sys.exit(2)


def _joined() -> Any:
    """Return torch.distributed where this process is one of several, else None; PyTorch is not imported for it."""
    distributed = sys.modules.get('torch.distributed')
    return distributed if distributed and distributed.is_available() and distributed.is_initialized() else None


def _show_log() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')  # a name that the terminal cannot show is no error
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Printable('%(message)s'))
    logger = logging.getLogger('mmcsod')
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
