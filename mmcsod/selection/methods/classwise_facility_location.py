"""Facility location on the vectors that CSOD selects on: every row of a class should have a selected one like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import Choice, select_by_row
from mmcsod.selection.kernels.base import HALF_ULP, product_error, scales
from mmcsod.selection.lazy_rows import likeness
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import UnitRows

BLOCK = 64
"""Rows whose gains are computed at a time."""

BLOCK_ELEMENTS = 1 << 22
"""Similarities held at a time: 16 MiB."""


@register_method('classwise-facility-location')
class ClasswiseFacilityLocation(Method):
    """Maximise f(A) = sum over i of max over j in A of cos(p_i, p_j) on the class's rows, a class in turn.

    Reference [14] (Iyer et al., ALT 2021) gives this function beside graph cut; ``facility-location`` is the same on
    image-level vectors, as section 4.2 has it.
    """

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_by_row(task, FacilityLocation)


class FacilityLocation:
    """Lazy greedy (Minoux) in blocks: gains only fall, so an old gain is a bound, and few are computed anew.

    Gains are computed in float32 with a bound on their error, and in float64 where that cannot tell rows apart: a row
    whose gain is known to be 0, as a copy's is, is not looked at again. Similarities start from -1, the lowest cosine,
    which changes no comparison and keeps every gain at 0 or above. Ties, within 1e-12 of n, go to the first in dataset
    order.
    """

    def __init__(self, units: UnitRows, eligible: np.ndarray) -> None:
        self._units = units
        self._count = int(eligible.sum())
        self._rows = np.flatnonzero(eligible)
        self._left = eligible.copy()
        self._covered = np.full(self._count, -1.0)
        self._upper = self._count * (likeness(units, eligible) + 1)
        self._lower = self._upper.copy()
        self._errors = np.zeros(len(eligible))  # of the gains that float32 gave last
        self._is_coarse = np.ones(len(eligible), bool)  # nothing computed since the last row was selected
        self._new: list[np.ndarray] = []
        self._scales = scales(units.inverse_norms)
        self._error = product_error(len(units.total)) + 8 * HALF_ULP  # the difference to what is covered, too

    def best(self) -> Choice:
        """See :class:`mmcsod.selection.by_row.RowSelector`."""
        self._cover()
        tie = 1e-12 * self._count
        while len(rows := self._unsettled(tie)):
            coarse = rows[self._is_coarse[rows] & (self._upper[rows] > 2 * self._errors[rows])]
            if len(coarse):
                self._narrow(coarse, self._gains)
            else:
                self._narrow(rows, self._exact_gains)
        gains = np.where(self._left, self._upper, -np.inf)
        winner = int(np.argmax(gains >= gains.max() - tie))
        return Choice(winner, {'score': float(gains[winner])})

    def _unsettled(self, tie: float) -> np.ndarray:
        """Return the rows that may have the highest gain, or one that ties with it, and whose gain is not known."""
        floor = self._lower[self._left].max()
        return np.flatnonzero(self._left & (self._upper >= floor - tie) & (self._upper - self._lower > tie))

    def _narrow(self, rows: np.ndarray, compute: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
        """Compute the gains of those of some rows whose bounds are highest."""
        rows = np.sort(rows[np.argsort(-self._upper[rows], kind='stable')[:BLOCK]])
        gains, errors = compute(rows)
        self._upper[rows] = np.minimum(self._upper[rows], gains + errors)
        self._lower[rows] = np.maximum(gains - errors, 0)
        self._is_coarse[rows] = False

    def select(self, row: int) -> None:
        """See :class:`mmcsod.selection.by_row.RowSelector`."""
        self._left[row] = False
        self._new.append(self._units.row(row))

    def _cover(self) -> None:
        """Take note of the rows selected since the last turn, in float64, in one pass over the class."""
        if not self._new:
            return
        new = np.array(self._new)
        for part, units in self._units.read(self._rows):
            np.maximum(self._covered[part], (units @ new.T).max(axis=1), out=self._covered[part])
        self._new.clear()
        self._lower[:] = 0
        self._is_coarse[:] = True

    def _gains(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gains of rows, (m,), from float32 similarities, and by how much each may be off."""
        if np.isnan(self._scales[self._rows]).any():  # norms for which float32 has no bound
            return self._exact_gains(rows)
        candidates = (self._units.vectors[rows].astype(np.float32, copy=False) * self._scales[rows, None]).T
        gains, active = np.zeros(len(rows)), np.zeros(len(rows))
        step = max(1, BLOCK_ELEMENTS // max(len(rows), len(candidates)))
        for begin in range(0, self._count, step):
            part = self._rows[begin : begin + step]
            similarities = self._units.vectors[part].astype(np.float32, copy=False) @ candidates
            similarities *= self._scales[part, None]
            similarities -= self._covered[begin : begin + step, None].astype(np.float32)
            # What is clearly below 0 adds nothing, whatever its exact value, so only the others err.
            active += np.count_nonzero(similarities > -self._error, axis=0)
            gains += np.maximum(similarities, 0, out=similarities).sum(axis=0, dtype=np.float64)
        self._errors[rows] = errors = self._error * active
        return gains, errors

    def _exact_gains(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the same from float64."""
        gains = np.zeros(len(rows))
        candidates = np.concatenate([units for _, units in self._units.read(rows)])
        for part, units in self._units.read(self._rows):
            gains += np.maximum(units @ candidates.T - self._covered[part, None], 0).sum(axis=0)
        return gains, np.zeros(len(rows))
