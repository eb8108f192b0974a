"""Coverage-centric coreset selection: all degrees of difficulty but the hardest."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import Choice, select_by_row
from mmcsod.selection.lazy_rows import SAME_LIKENESS, likeness
from mmcsod.selection.registry import Task, register_method
from mmcsod.selection.unit_rows import UnitRows

HARDEST = 0.1
"""Share of a class's rows that is cut: beta, which the paper tunes for each budget (0 to 0.5)."""

STRATA = 50
"""Intervals of equal width into which the scores are cut: the paper's k."""


@register_method('ccs', parameters=('seed',))
def ccs(task: Task) -> Iterator[Pick]:
    """CCS (Zheng et al., ICLR 2023): cut the hardest rows, draw evenly from strata of difficulty, a class in turn.

    The paper deals the budget to strata from the smallest on, as evenly as they allow. Here each turn draws from a
    stratum with the fewest selected rows, which deals the same and makes picks nested. Difficulty is 1 - q, q being
    the row's mean cosine to its class; the paper takes scores that are collected while a model trains.
    """
    return select_by_row(task, lambda units, eligible: _Strata(units, eligible, task.rng))


class _Strata:
    def __init__(self, units: UnitRows, eligible: np.ndarray, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left = eligible.copy()
        difficulty = 1 - likeness(units, eligible)
        rows = np.flatnonzero(eligible)
        rows = rows[np.argsort(difficulty[rows], kind='stable')]
        self._kept = np.zeros(len(eligible), bool)
        self._kept[rows[: len(rows) - int(HARDEST * len(rows))]] = True
        self._strata = strata(difficulty, self._kept)
        self._selected = np.zeros(STRATA, int)

    def best(self) -> Choice:
        rows = np.flatnonzero(self._left & self._kept)
        if not len(rows):
            rows = np.flatnonzero(self._left)
        there = np.unique(self._strata[rows])
        emptiest = there[self._selected[there] == self._selected[there].min()]
        return Choice(int(self._rng.choice(rows[self._strata[rows] == self._rng.choice(emptiest)])))

    def select(self, row: int) -> None:
        self._left[row] = False
        self._selected[self._strata[row]] += 1


def strata(difficulty: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Return the stratum of each row, (n,): equal widths over the range of the kept ones; cut ones in the last."""
    among = difficulty[kept]
    if not len(among) or np.ptp(among) <= SAME_LIKENESS:
        return np.zeros(len(difficulty), int)
    places = (difficulty - among.min()) / np.ptp(among) * STRATA
    return np.clip(places, 0, STRATA - 1).astype(int)
