"""Eq. 4 for one class, in linear time and float64.

With unit rows p, the sum over j of cos(p_i, p_j) is p_i . (sum_j p_j), so two d-vectors per class hold all there is
to know: S, the sum of the rows not selected yet, and T, the sum of the rows selected. The scores of all rows are
then P @ (lam * S - T): no similarity matrix is ever built.
"""

import numpy as np

from mmcsod.selection.by_row import Choice
from mmcsod.selection.kernels.base import KernelFactory
from mmcsod.selection.shards import gather_records
from mmcsod.selection.unit_rows import UnitRows

TIE = 1e-12
"""Relative size of the differences that count as a tie; float64's own noise is far below, float32's far above."""


class ClassObjective:
    """The scores of one class's rows as rows are selected.

    Where several processes share the class, each searches the rows it holds, and they decide together: all of them must
    then make the same calls in the same order. Rows are numbered within the whole class.
    """

    def __init__(self, units: UnitRows, eligible: np.ndarray, make_kernel: KernelFactory, lam: float) -> None:
        """Start with nothing selected; ``eligible``, (n,) bool, are the rows of the whole class that take part."""
        self._units = units
        self._lam = lam
        self._remaining = eligible[units.held].copy()
        self._open = self._remaining.copy()
        self._left_count = self._summed_count = int(eligible.sum())
        self._selected_count = 0
        self._left_sum = units.total.copy()
        self._selected_sum = np.zeros_like(self._left_sum)
        self._kernel = make_kernel(units.vectors, units.inverse_norms, self._remaining.copy())

    def unit(self, row: int) -> np.ndarray:
        """See :class:`mmcsod.selection.unit_rows.UnitRows`."""
        return self._units.unit(row)

    def select(self, row: int, unit: np.ndarray) -> None:
        """Move a row, at unit length ``unit``, from the first sum of Eq. 4 to the second (Alg. 1, lines 16-17)."""
        if self._units.holds(row):
            self._remaining[row - self._units.held.start] = self._open[row - self._units.held.start] = False
            self._kernel.remove(row - self._units.held.start)
        self._left_count -= 1
        self._selected_count += 1
        self._selected_sum += unit
        self._left_sum -= unit
        # Subtracting leaves the rounding errors of a long sum in a short one: sum afresh at every halving.
        if 2 * self._left_count <= self._summed_count:
            self._left_sum = self._units.sum(self._remaining)
            self._summed_count = self._left_count

    def bar(self, row: int) -> None:
        """See :class:`mmcsod.selection.by_row.Chooser`."""
        if self._units.holds(row):
            self._kernel.remove(row - self._units.held.start)
            self._open[row - self._units.held.start] = False

    def best(self) -> Choice:
        """Return the row with the highest score of Eq. 4, ties broken as documented in docs/how_it_works.md."""
        tolerance = TIE * (self._lam * self._left_count + self._selected_count)
        rows = np.empty(0, np.int64)
        if self._open.any():
            rows = self._kernel.propose(self._lam * self._left_sum - self._selected_sum, tolerance)
        to_class, to_selected = self._similarities(rows)
        rows, to_class, to_selected = self._shared(rows + self._units.held.start, to_class, to_selected, tolerance)
        scores = self._lam * to_class - to_selected
        winner = self._winner(rows, to_class, to_selected, scores, tolerance) if len(rows) > 1 else 0
        values = {'pool_similarity': to_class, 'selected_similarity': to_selected, 'score': scores}
        return Choice(int(rows[winner]), {name: float(value[winner]) for name, value in values.items()})

    def _shared(
        self, rows: np.ndarray, to_class: np.ndarray, to_selected: np.ndarray, tolerance: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return everyone's candidates.

        None is left out: what is within the tolerance of the highest score of all is so of its own process's too.
        """
        if self._units.world.size == 1:
            return rows, to_class, to_selected
        scores = self._lam * to_class - to_selected
        near = scores >= scores.max(initial=-np.inf) - tolerance
        found = gather_records(np.stack([rows[near], to_class[near], to_selected[near]], axis=1), self._units.world)
        return found[:, 0].astype(np.int64), found[:, 1], found[:, 2]

    def _winner(
        self, rows: np.ndarray, to_class: np.ndarray, to_selected: np.ndarray, scores: np.ndarray, tolerance: float
    ) -> int:
        tied = scores >= scores.max() - tolerance
        tied &= to_class >= to_class[tied].max() - TIE * self._left_count
        tied &= to_selected <= to_selected[tied].min() + TIE * self._selected_count
        return int(np.flatnonzero(tied)[np.argmin(rows[tied])])

    def _similarities(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both sums of Eq. 4 for some rows.

        A row's values do not depend on which others are asked for (einsum, not BLAS): that makes the picks the same
        to the last bit whatever a kernel proposes.
        """
        to_class, to_selected = np.empty(len(rows)), np.empty(len(rows))
        for part, units in self._units.read(rows):
            to_class[part] = np.einsum('ij,j->i', units, self._left_sum)
            to_selected[part] = np.einsum('ij,j->i', units, self._selected_sum)
        return to_class, to_selected
