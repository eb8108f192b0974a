"""InfoMax: much information in each row, little of it twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest
from mmcsod.selection.by_row import Choice, select_by_row
from mmcsod.selection.lazy_rows import SAME_LIKENESS, likeness
from mmcsod.selection.neighbours import nearest_rows, read_all
from mmcsod.selection.registry import Task, register_method
from mmcsod.selection.unit_rows import UnitRows

NEIGHBOURS = 5
"""Similarities kept of each row; the others count as 0, as the paper's sparsification has it."""

REDUNDANCY = 0.3
"""alpha, the weight of pairwise similarity."""


@register_method('infomax')
def infomax(task: Task) -> Iterator[Pick]:
    """InfoMax (Tan et al., ICLR 2025): maximise sum of I(i) - alpha * sum of K_ij over selected i, j, a class in turn.

    I is the row's difficulty 1 - q, scaled to 0..1 within the class, q being its mean cosine to the class; K_ij is the
    cosine of rows of which one is among the nearest of the other. The paper solves this by iterated softmax for one
    budget; here it is solved greedily, which gives the rotation its turns and nested picks.
    """
    return select_by_row(task, _InfoMax)


class _InfoMax:
    def __init__(self, units: UnitRows, eligible: np.ndarray) -> None:
        self._rows = np.flatnonzero(eligible)
        self._left = eligible[self._rows].copy()
        self._gains = scaled(1 - likeness(units, eligible)[self._rows])
        found = nearest_rows(read_all(units, self._rows), NEIGHBOURS)
        self._neighbours: list[dict[int, float]] = [{} for _ in self._rows]
        for place, (others, cosines) in enumerate(zip(found.rows.tolist(), found.cosines.tolist(), strict=True)):
            for other, cosine in zip(others, cosines, strict=True):
                self._neighbours[place][other] = self._neighbours[other][place] = cosine

    def best(self) -> Choice:
        left = np.flatnonzero(self._left)
        place = int(left[first_highest(self._gains[left], 1 + NEIGHBOURS)])
        return Choice(int(self._rows[place]), {'score': float(self._gains[place])})

    def select(self, row: int) -> None:
        place = int(np.searchsorted(self._rows, row))
        self._left[place] = False
        for other, cosine in self._neighbours[place].items():
            self._gains[other] -= 2 * REDUNDANCY * cosine


def scaled(values: np.ndarray) -> np.ndarray:
    """Return values scaled to 0..1, all 0 where they are equal but for rounding."""
    spread = float(np.ptp(values)) if len(values) else 0.0
    return (values - values.min()) / spread if spread > SAME_LIKENESS else np.zeros(len(values))
