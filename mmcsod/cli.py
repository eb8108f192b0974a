"""What the command lines share: one clear sentence instead of a traceback."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from mmcsod.errors import UserError


def rank() -> int:
    """Return this process's rank as torchrun, slurm or mpi says it before anything is initialised; 0 without them."""
    names = ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK')
    return int(next((os.environ[name] for name in names if name in os.environ), 0))


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
