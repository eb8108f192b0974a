"""Eq. 4 for one class, in linear time and float64.

With unit rows p, the sum over j of cos(p_i, p_j) is p_i . (sum_j p_j), so two d-vectors per class hold all there is
to know: S, the sum of the rows not selected yet, and T, the sum of the rows selected. The scores of all rows are
then P @ (lam * S - T): no similarity matrix is ever built.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.selection.kernels import KernelFactory

TIE = 1e-12
"""Relative size of the differences that count as a tie; float64's own noise is far below, float32's far above."""

BLOCK_ELEMENTS = 1 << 18


@dataclass(frozen=True)
class Best:
    """The row with the highest score and both sums of Eq. 4, without lambda."""

    row: int
    pool_similarity: float
    selected_similarity: float
    score: float


class ClassObjective:
    """The scores of one class's rows as rows are selected."""

    def __init__(self, vectors: np.ndarray, eligible: np.ndarray, lam: float, make_kernel: KernelFactory) -> None:
        """Sum the eligible rows.

        Args:
            vectors: (n, d) float32 or float16, the class's rows.
            eligible: (n,) bool, the rows that take part.
            lam: The balance of Eq. 4.
            make_kernel: Makes the kernel that searches the rows.
        """
        self._vectors = vectors
        self._lam = lam
        self._remaining = eligible.copy()
        self._inverse_norms = _inverse_norms(vectors)
        self._pool_count = self._summed_count = int(eligible.sum())
        self._selected_count = 0
        self._pool_sum = self._sum_remaining()
        self._selected_sum = np.zeros(vectors.shape[1])
        self._kernel = make_kernel(vectors, self._inverse_norms)
        for row in np.flatnonzero(~eligible):
            self._kernel.remove(int(row))

    def select(self, row: int) -> None:
        """Move a row from the first sum of Eq. 4 to the second (Alg. 1, lines 16-17)."""
        unit = self._unit_rows(slice(row, row + 1))[0]
        self._remaining[row] = False
        self._kernel.remove(row)
        self._pool_count -= 1
        self._selected_count += 1
        self._selected_sum += unit
        self._pool_sum -= unit
        # Subtracting leaves the rounding errors of a long sum in a short one: sum afresh at every halving.
        if 2 * self._pool_count <= self._summed_count:
            self._pool_sum = self._sum_remaining()
            self._summed_count = self._pool_count

    def best(self) -> Best:
        """Return the row with the highest score, ties broken as documented in docs/selection.md."""
        tolerance = TIE * (self._lam * self._pool_count + self._selected_count)
        rows = self._kernel.propose(self._lam * self._pool_sum - self._selected_sum, tolerance)
        pool, selected = self._similarities(rows)
        scores = self._lam * pool - selected
        tied = scores >= scores.max() - tolerance
        tied &= pool >= pool[tied].max() - TIE * self._pool_count
        tied &= selected <= selected[tied].min() + TIE * self._selected_count
        index = int(np.flatnonzero(tied)[np.argmin(rows[tied])])
        return Best(int(rows[index]), float(pool[index]), float(selected[index]), float(scores[index]))

    def _similarities(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both sums of Eq. 4 for some rows; a row's values do not depend on which others are asked for."""
        step = max(1, BLOCK_ELEMENTS // self._vectors.shape[1])
        pool, selected = np.empty(len(rows)), np.empty(len(rows))
        for begin in range(0, len(rows), step):
            part = slice(begin, begin + step)
            units = self._unit_rows(rows[part])
            pool[part] = np.einsum('ij,j->i', units, self._pool_sum)
            selected[part] = np.einsum('ij,j->i', units, self._selected_sum)
        return pool, selected

    def _unit_rows(self, rows: np.ndarray | slice) -> np.ndarray:
        return self._vectors[rows].astype(np.float64) * self._inverse_norms[rows, None]

    def _sum_remaining(self) -> np.ndarray:
        total = np.zeros(self._vectors.shape[1])
        weights = np.where(self._remaining, self._inverse_norms, 0)
        for rows in _blocks(self._vectors):
            total += weights[rows] @ self._vectors[rows].astype(np.float64)
        return total


def _inverse_norms(vectors: np.ndarray) -> np.ndarray:
    """Return (n,) float64 inverse norms, 0 for zero vectors, whose cosine with everything is 0."""
    squares = np.empty(len(vectors))
    for rows in _blocks(vectors):
        block = vectors[rows].astype(np.float64)
        squares[rows] = np.einsum('ij,ij->i', block, block)
    with np.errstate(divide='ignore'):
        return np.where(squares > 0, 1 / np.sqrt(squares), 0)


def _blocks(vectors: np.ndarray) -> list[slice]:
    step = max(1, BLOCK_ELEMENTS // max(1, vectors.shape[1]))
    return [slice(begin, begin + step) for begin in range(0, len(vectors), step)]
