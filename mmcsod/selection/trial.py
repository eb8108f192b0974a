"""Whether a GPU's kernel is fit for 'auto': it must first pick what the CPU picks, on a slice of the bank itself."""

from __future__ import annotations

import logging

import numpy as np

from mmcsod.selection.kernels.base import KernelFactory
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.objective import Best, ClassObjective
from mmcsod.selection.pool import Pool

logger = logging.getLogger('mmcsod')

ROWS = 2000
PICKS = 20


class Trial:
    """The picks of the CPU from some rows of the largest class, to hold a GPU's kernel against."""

    def __init__(self, pool: Pool, lam: float) -> None:
        """Say which rows; they are read at the first call."""
        self._pool = pool
        self._lam = lam

    def __call__(self, name: str, make_kernel: KernelFactory) -> bool:
        """Return whether a kernel gives the picks and terms of the CPU; warn if not.

        Raises:
            UserError: If a vector holds NaN or infinity.
        """
        expected = self._picks(NumpyKernel)
        try:
            found = self._picks(make_kernel)
        except Exception as error:  # whatever a driver or a library of a GPU may raise
            reason = f'ended in {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}'
        else:
            if found == expected:
                return True
            reason = 'did not give the picks of the CPU'
        logger.warning(
            'The kernel %s %s, on a slice of the bank; another one selects. --kernel %s takes it all the same.',
            name,
            reason,
            name,
        )
        return False

    def _picks(self, make_kernel: KernelFactory) -> list[Best]:
        pool = self._pool
        label = max(pool.labels, key=lambda label: len(pool.images_of_class(label)))
        rows = pool.rows_of_class(label)
        rows = slice(rows.start, min(rows.stop, rows.start + ROWS))
        eligible = pool.eligible[rows]
        objective = ClassObjective(pool.read_units(rows), eligible, self._lam, make_kernel)
        picks: list[Best] = []
        for _ in range(min(PICKS, int(np.count_nonzero(eligible)))):
            picks.append(objective.best())
            objective.select(picks[-1].row, objective.unit(picks[-1].row))
        return picks
