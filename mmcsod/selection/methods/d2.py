"""D2 pruning: difficult rows whose neighbours are difficult, and not two of one neighbourhood."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest
from mmcsod.selection.by_row import Choice, select_by_row
from mmcsod.selection.lazy_rows import likeness
from mmcsod.selection.neighbours import nearest_rows, read_all
from mmcsod.selection.registry import Task, register_method
from mmcsod.selection.unit_rows import UnitRows

NEIGHBOURS = 10
"""k of the graph; the paper tries 1 to 15."""


@register_method('d2')
def d2(task: Task) -> Iterator[Pick]:
    """D2 pruning (Maharana, Yadav and Bansal, ICLR 2024): messages on the k-nearest graph, a class in turn.

    Forward, each row adds its neighbours' difficulty, times exp(-d^2), to its own. A row that is selected then takes
    its score, times exp(-d^2), from its neighbours. d is the distance of unit rows, gamma is 1 in both directions, and
    difficulty is 1 - q, q being the row's mean cosine to its class; the paper takes scores from training.
    """
    return select_by_row(task, _MessagePassing)


class _MessagePassing:
    def __init__(self, units: UnitRows, eligible: np.ndarray) -> None:
        self._rows = np.flatnonzero(eligible)
        self._left = eligible[self._rows].copy()
        self._neighbours = nearest_rows(read_all(units, self._rows), NEIGHBOURS)
        self._weights = np.exp(2 * self._neighbours.cosines - 2)  # |a - b|^2 = 2 - 2 cos of unit rows
        difficulty = 1 - likeness(units, eligible)[self._rows]
        self._scores = difficulty + (self._weights * difficulty[self._neighbours.rows]).sum(axis=1)
        self._scale = 1 + float(np.abs(self._scores).max(initial=0))

    def best(self) -> Choice:
        left = np.flatnonzero(self._left)
        place = int(left[first_highest(self._scores[left], self._scale)])
        return Choice(int(self._rows[place]), {'score': float(self._scores[place])})

    def select(self, row: int) -> None:
        place = int(np.searchsorted(self._rows, row))
        self._left[place] = False
        self._scores[self._neighbours.rows[place]] -= self._weights[place] * self._scores[place]
