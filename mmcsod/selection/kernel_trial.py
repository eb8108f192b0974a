"""Check a GPU kernel for 'auto' against the CPU: it must select the same on a slice of the bank itself."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from mmcsod.selection.by_row import Choice, SharedSelector
from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import UnitRows
from mmcsod.util.console import show_traceback

logger = logging.getLogger('mmcsod')

ROWS = 2000
PICKS = 20


Factory = TypeVar('Factory')


class KernelTrial(Generic[Factory]):
    """The picks of the CPU from some rows of the largest class, to hold a GPU's kernel against."""

    def __init__(
        self, pool: Pool, cpu: Factory, make: Callable[[UnitRows, np.ndarray, Factory], SharedSelector]
    ) -> None:
        """Say which rows to try, read at the first call; ``make`` makes a method's state of them."""
        self._pool = pool
        self._cpu = cpu
        self._make = make

    def __call__(self, name: str, make_kernel: Factory) -> bool:
        """Return whether a kernel gives the picks and terms of the CPU; warn if not."""
        expected = self._picks(self._cpu)
        try:
            found = self._picks(make_kernel)
        except Exception as error:  # whatever a driver or a library of a GPU may raise
            show_traceback()
            reason = f'ended in {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}'
        else:
            if found == expected:
                return True
            reason = 'did not give the picks of the CPU'
        said = f'The kernel {name} {reason}, on a slice of the bank; another one selects. --kernel {name} takes it'
        logger.warning('%s all the same.', said)
        return False

    def _picks(self, make_kernel: Factory) -> list[Choice]:
        pool = self._pool
        label = max(pool.labels, key=lambda label: len(pool.images_of_class(label)))
        rows = pool.rows_of_class(label)
        rows = slice(rows.start, min(rows.stop, rows.start + ROWS))
        eligible = pool.eligible[rows]
        state = self._make(pool.read_units(rows), eligible, make_kernel)
        picks: list[Choice] = []
        for _ in range(min(PICKS, int(np.count_nonzero(eligible)))):
            picks.append(state.best())
            state.select(picks[-1].row, state.unit(picks[-1].row))
        return picks
