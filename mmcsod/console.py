"""What the command lines share: one clear sentence instead of a traceback."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from mmcsod.errors import UserError
from mmcsod.launcher import rank


def run(main: Callable[[], int | None]) -> None:
    """Call ``main`` and exit with its status; a :class:`UserError` becomes one line on stderr and status 2."""
    _show_log()
    try:
        sys.exit(main())
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)


def _show_log() -> None:
    """Print what the package logs; in a distributed run, only the first process's progress."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter('%(message)s'))
    logger = logging.getLogger('mmcsod')
    logger.addHandler(handler)
    logger.setLevel(logging.INFO if rank() == 0 else logging.WARNING)
    logger.propagate = False
