"""The command line: ``mmcsod COMMAND``, ``python -m mmcsod COMMAND`` and the scripts in ``tools/``.

Each command is a module of this folder with ``DESCRIPTION``, ``EXAMPLES``, ``add_arguments(parser)``, ``main(args)``
and perhaps ``GO_ON``, which says how to go on after Ctrl-C, and a line in ``COMMANDS``. A module is imported only when
its command is asked for, so that ``mmcsod --help`` is quick.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mmcsod.util.console import TRACEBACK, log_warnings_only, run
from mmcsod.util.errors import UserError
from mmcsod.util.launcher import rank
from mmcsod.version import __version__

COMMANDS = {
    'select': 'select images: extract features with a detector, or take a finished feature bank',
    'init': 'write an MMDetection config for labels, and stop',
    'check': 'check the labels that a config reads: a table of what is wrong with them',
    'retrain': 'train any MMDetection config on a coreset',
    'export': 'write a coreset as COCO, VOC or YOLO annotations',
    'analyze': 'compare coresets: object sizes, coverage, redundancy',
    'report': 'show what was chosen and why: one HTML page with pictures',
    'experiment': 'run a grid of methods, budgets, seeds and detectors, and show its tables',
    'verify': 'read a feature bank or a coreset whole and say whether it is as it was written',
    'demo': 'train, select, retrain and compare on photographs of chess boards',
}


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line on ``words``, by default what this process was started with, and exit with its status."""
    run(lambda: _main(sys.argv[1:] if words is None else list(words)))


def _main(words: list[str]) -> int | None:
    parser = _Parser(
        prog='mmcsod',
        description='Choose the images to train an object detector on.',
        epilog="'mmcsod COMMAND --help' says more, with an example.",
    )
    parser.add_argument('--version', action='version', version=f'mmcsod {__version__}')
    _add_traceback(parser)
    commands = parser.add_subparsers(dest='command', metavar='COMMAND')
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in words:  # the others' options are of no use, and importing them takes time
            module = importlib.import_module(f'{__name__}.{name}')
            command.description, command.epilog = module.DESCRIPTION, module.EXAMPLES
            module.add_arguments(command)
            _add_traceback(command)
    args, unknown = parser.parse_known_args(words)
    if 'traceback' in args:
        os.environ[TRACEBACK] = '1'
    if args.command is None:
        parser.print_help()
        return 0
    if unknown:
        commands.choices[args.command].error(f'there is no option {" ".join(unknown)}')
    if rank(getattr(args, 'launcher', 'none')) != 0:
        log_warnings_only()
    module = importlib.import_module(f'{__name__}.{args.command}')
    try:
        return module.main(args)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(*(error.args or [getattr(module, 'GO_ON', '')])) from error


def _add_traceback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--traceback',
        action='store_true',
        default=argparse.SUPPRESS,
        help=f'show the traceback of an error above its message, as {TRACEBACK}=1 does',
    )


class _Parser(argparse.ArgumentParser):
    """One line for a wrong argument, in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} ('{self.prog} --help' says what there is).")
