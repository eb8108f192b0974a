"""The command line: ``mmcsod COMMAND``, ``python -m mmcsod COMMAND`` and the scripts in ``tools/``.

Each command is a module of this folder with ``DESCRIPTION``, ``EXAMPLES``, ``add_arguments(parser)`` and
``main(args)``, and a line in ``COMMANDS``. A module is imported only when its command is asked for, so that
``mmcsod --help`` is quick.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from mmcsod.console import log_warnings_only, run
from mmcsod.launcher import rank
from mmcsod.version import __version__

COMMANDS = {
    'select': 'choose images: extract features with a detector, or take a finished feature bank, and pick',
    'retrain': 'train any MMDetection config on a coreset',
    'export': 'write a coreset as COCO, VOC or YOLO annotations',
    'analyze': 'compare coresets: object sizes, coverage, repetition',
    'experiment': 'run a grid of methods, budgets, seeds and detectors, and show its tables',
    'demo': 'train, select, retrain and compare on rendered images',
}


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status.

    Args:
        words: What follows ``mmcsod``; by default what this process was started with.
    """
    run(lambda: _main(sys.argv[1:] if words is None else list(words)))


def _main(words: list[str]) -> int | None:
    parser = argparse.ArgumentParser(prog='mmcsod', description='Choose the images to train an object detector on.',
                                     epilog="'mmcsod COMMAND --help' says more, with an example.")
    parser.add_argument('--version', action='version', version=f'mmcsod {__version__}')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in words:  # the others' options are of no use, and importing them takes time
            module = importlib.import_module(f'{__name__}.{name}')
            command.description, command.epilog = module.DESCRIPTION, module.EXAMPLES
            module.add_arguments(command)
    args = parser.parse_args(words)
    if rank(getattr(args, 'launcher', 'none')) != 0:
        log_warnings_only()
    return importlib.import_module(f'{__name__}.{args.command}').main(args)
