"""lam 'auto': the balance of Eq. 4 whose selection covers the pool best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.coverage import coverages
from mmcsod.selection.kernels import matrix_product
from mmcsod.selection.registry import Task

GRID = tuple(2.0**power for power in range(-4, 3))
"""Values of lam that are tried first, in units of N / D."""

FINER = (2**-0.5, 2**0.5)
"""Values that are tried then, in units of the best so far."""

DIGITS = 6
"""Coverages are compared after rounding; the larger lam wins a tie."""


@dataclass(frozen=True)
class LamTrial:
    """A selection at one lam, and how well it covers the pool, rounded."""

    lam: float
    coverage: float
    picks: list[Pick]

    @property
    def rank(self) -> tuple[float, float]:
        """What the best trial has the highest of."""
        return self.coverage, self.lam


def try_lams(task: Task, select: Callable[[Task], list[Pick]]) -> list[LamTrial]:
    """Return the selections at nine values of lam, by lam; the one with the highest rank is to be taken."""
    unit = lam_unit(task)
    trials = _try(task, select, [unit * factor for factor in GRID])
    best = max(trials, key=lambda trial: trial.rank)
    trials += _try(task, select, [best.lam * factor for factor in FINER])
    return sorted(trials, key=lambda trial: trial.lam)


def lam_unit(task: Task) -> float:
    """Return N / D, D being the images that may be selected."""
    return min(task.target, len(task.pool.images)) / len(task.pool.images)


def _try(task: Task, select: Callable[[Task], list[Pick]], lams: Sequence[float]) -> list[LamTrial]:
    selections = [select(task.anew(lam)) for lam in lams]
    index = task.pool.bank.image_index
    selected = [np.array([index[pick.image_id] for pick in picks]) for picks in selections]
    values = np.round(coverages(task.pool, selected, task.world, matrix_product(task.kernel)), DIGITS).tolist()
    return [LamTrial(*each) for each in zip(lams, values, selections, strict=True)]
