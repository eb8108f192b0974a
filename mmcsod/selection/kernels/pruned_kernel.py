"""The numpy kernel that leaves most rows unread, by a bound on what they can have become.

Between two turns of a class its query w = lam * S - T changes by a few selected rows only. A row's score is known
exactly from when it was read last; since then it can have risen by p . (w - w'), which is at most
a * m.(w - w') + b * |w - w' without its part along m|, where m is the class's direction, a = p . m and
b = sqrt(1 - a^2). Only rows whose bound reaches the best score are read: nothing is approximate.
"""

from __future__ import annotations

import numpy as np

from mmcsod.selection.kernels.base import Kernel, KernelFactory, product_error, scales, unit_query
from mmcsod.selection.kernels.numpy_kernel import (
    BLOCK_ELEMENTS,
    NumpyKernel,
    scaled_products,
    scaled_products_of_few,
)

REFERENCES = 8
"""Past queries kept per class; more leave hardly fewer rows to read."""

WORTH_PRUNING = 1 << 22
"""Bytes of a class below which reading it takes no longer than working out what to leave."""

FIRST_READ = 64
READ_ALL_ABOVE = 0.4
"""Share of the rows above which one pass over all of them is faster than picking them out."""

LONGEST_PAUSE = 4
"""Turns for which bounds are not tried, at most, after they failed again and again."""


def make_kernels() -> KernelFactory:
    """Return the factory of pruned kernels where there is enough to leave unread, of plain ones elsewhere."""
    return make_pruned_kernel


def make_pruned_kernel(vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray) -> Kernel:
    """Make the kernel of one class; see :data:`mmcsod.selection.kernels.base.KernelFactory`."""
    kernel = PrunedKernel if vectors.nbytes >= WORTH_PRUNING else NumpyKernel
    return kernel(vectors, inverse_norms, eligible)


class PrunedKernel:
    """Reads, in place, only the rows whose score may be the highest.

    Attributes:
        rows_read: How many rows were read so far.
    """

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray) -> None:
        self.rows_read = 0
        self._vectors = vectors
        self._scales = scales(inverse_norms)
        self._gone = ~eligible
        self._error = product_error(vectors.shape[1])
        self._bounds = ScoreBounds(len(vectors), vectors.shape[1], self._error)
        self._longest_query = 0.0
        self._pause = self._next_pause = 0

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        unit, length = unit_query(query)
        if length == 0:
            return np.flatnonzero(~self._gone)
        self._longest_query = max(self._longest_query, length)
        # Nearer to the best score than this, rounding may decide: float32's, and float64's in the bounds.
        margin = slack + 2 * self._error * length + 1e-14 * self._longest_query
        read = self._read_promising(query, unit.astype(np.float32), length, margin)
        if read is None:
            rows = np.flatnonzero(~self._gone)
            scores = self._count(scaled_products(self._vectors, self._scales, unit.astype(np.float32)), length)
            self._bounds.set_all(query, scores, length)
            scores = scores[rows]
        else:
            rows, scores = read
            self._bounds.set(query, rows, scores, length)
        return rows[~(scores < np.fmax.reduce(scores) - margin)]

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._gone[row] = True

    def _read_promising(self, query: np.ndarray, unit: np.ndarray, length: float,
                        margin: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rows that had to be read and their scores, or None where that would be too many."""
        if self._bounds.empty or self._pause:
            self._pause = max(0, self._pause - 1)
            return None
        bounds = self._bounds.at(query)
        bounds[self._gone] = -np.inf
        read = self._read_by_bounds(bounds, unit, length, margin)
        self._next_pause = 0 if read else min(LONGEST_PAUSE, 2 * self._next_pause + 1)
        self._pause = self._next_pause
        return read

    def _read_by_bounds(self, bounds: np.ndarray, unit: np.ndarray, length: float,
                        margin: float) -> tuple[np.ndarray, np.ndarray] | None:
        most = int(READ_ALL_ABOVE * len(bounds))
        read = np.array([np.argmax(bounds)])
        scores = self._read(read, unit, length)
        promising = (~(bounds < scores[0] - margin)).nonzero()[0]
        promising = promising[(promising != read[0]) & ~self._gone[promising]]
        while len(promising):
            if len(read) + len(promising) > most:
                return None
            rows, rest = _split(promising, bounds, max(FIRST_READ, len(read)))
            read = np.concatenate([read, rows])
            scores = np.concatenate([scores, self._read(rows, unit, length)])
            promising = rest[~(bounds[rest] < np.fmax.reduce(scores) - margin)]
        return read, scores

    def _read(self, rows: np.ndarray, unit: np.ndarray, length: float) -> np.ndarray:
        # Rows are copied out a few at a time: what leaves the cache takes three times as long.
        step = max(1, BLOCK_ELEMENTS // len(unit))
        parts = [rows[begin:begin + step] for begin in range(0, len(rows), step)]
        products = [scaled_products_of_few(self._vectors[part], self._scales[part], unit) for part in parts]
        return self._count(np.concatenate(products), length)

    def _count(self, scores: np.ndarray, length: float) -> np.ndarray:
        self.rows_read += len(scores)
        return scores.astype(np.float64) * length


class ScoreBounds:
    """Upper bounds on the products of all rows with a query that changes, in O(1) a row."""

    def __init__(self, rows: int, dimensions: int, error: float) -> None:
        """Start without any product.

        Args:
            rows: n, how many rows there are.
            dimensions: d of the queries.
            error: How far a product with a unit query, as given to :meth:`set`, may be from the exact one.
        """
        self.empty = True
        self._error = error
        self._direction = np.zeros(dimensions)
        self._along: np.ndarray = np.zeros(rows)
        self._across: np.ndarray = np.zeros(rows)
        self._scores: np.ndarray = np.zeros(rows)
        self._queries = np.zeros((REFERENCES, dimensions))
        self._asked_at = np.zeros(rows, np.intp)
        self._latest = 0

    def at(self, query: np.ndarray) -> np.ndarray:
        """Return (n,) float64: no row's product with ``query`` is higher, but for rounding of float64."""
        return self._raised(slice(None), query)

    def set_all(self, query: np.ndarray, scores: np.ndarray, length: float) -> None:
        """Take note of the products of all rows with ``query``, which is ``length`` long."""
        if self.empty:
            self._set_direction(query / length, scores / length)
        self._latest = 0
        self._queries[:] = query
        self._asked_at[:] = 0
        self._scores = scores + self._error * length

    def set(self, query: np.ndarray, rows: np.ndarray, scores: np.ndarray, length: float) -> None:
        """Take note of the products of some rows with ``query``."""
        slot = (self._latest + 1) % REFERENCES
        old = (self._asked_at == slot).nonzero()[0]
        if len(old):
            self._scores[old] = self._raised(old, self._queries[self._latest])
            self._asked_at[old] = self._latest
        self._queries[slot] = query
        self._asked_at[rows] = slot
        self._scores[rows] = scores + self._error * length
        self._latest = slot

    def _set_direction(self, direction: np.ndarray, products: np.ndarray) -> None:
        self._direction = direction
        self._along = products
        self._across = np.sqrt(1 - np.clip(np.abs(products) - self._error, 0, 1) ** 2)
        self.empty = False

    def _raised(self, rows: np.ndarray | slice, query: np.ndarray) -> np.ndarray:
        change = query - self._queries
        along = change @ self._direction
        change -= along[:, None] * self._direction
        across = np.sqrt(np.einsum('ij,ij->i', change, change))
        asked_at = self._asked_at[rows]
        return (self._scores[rows] + (self._error * np.abs(along))[asked_at]
                + self._along[rows] * along[asked_at] + self._across[rows] * across[asked_at])


def _split(rows: np.ndarray, bounds: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the ``number`` rows of the highest bounds, in memory order, and the others; NaN counts as highest."""
    if len(rows) <= number:
        return rows, rows[:0]
    order = np.argpartition(bounds[rows], len(rows) - number)
    return np.sort(rows[order[-number:]]), rows[order[:-number]]
