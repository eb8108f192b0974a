"""The numpy kernel that leaves most rows unread, by a bound on what they can have become.

Between two turns of a class its query w = lam * S - T changes by a few selected rows only. A row's score is known
exactly from the last pass over all rows, when the query was w'; since then it can have risen by p . (w - w'), which is
at most a * m.(w - w') + b * |w - w' without its part along m|, where m is the class's direction, a = p . m and
b = sqrt(1 - a^2). The few rows whose bound has once reached the best score are the front: they lie side by side and are
read at every turn. Nothing is approximate.
"""

import math

import numpy as np

from mmcsod.selection.kernels.base import Kernel, product_error, scales, unit_query
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel, scaled_products

WORTH_PRUNING = 1 << 22
"""Bytes of a class below which reading it takes no longer than working out what to leave."""

FIRST_FRONT = 16
"""Rows that the front begins with after a pass over all rows."""

LARGEST_FRONT = 0.05
"""Share of the rows above which a pass over all of them is better: picking a row out takes five times as long."""

LOWEST = np.finfo(np.float64).min


def make_pruned_kernel(vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray) -> Kernel:
    """Make the kernel of one class, a plain one where there is too little to leave unread."""
    kernel = PrunedKernel if vectors.nbytes >= WORTH_PRUNING else NumpyKernel
    return kernel(vectors, inverse_norms, eligible)


class PrunedKernel:
    """Reads only the rows whose score may be the highest; ``rows_read`` counts them."""

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray) -> None:
        self.rows_read = 0
        self._vectors = vectors
        self._scales = scales(inverse_norms)
        self._gone = ~eligible
        self._error = product_error(vectors.shape[1])
        self._front = Front(vectors, self._scales)
        self._rest: ScoreBounds | None = None
        self._read_since_pass = 0
        self._longest_query = 0.0

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        unit, length = unit_query(query)
        if length == 0:
            return np.flatnonzero(~self._gone)
        self._longest_query = max(self._longest_query, length)
        # Nearer to the best score than this, rounding may decide: float32's, and float64's in the bounds.
        margin = slack + 2 * self._error * length + 1e-14 * self._longest_query
        low = unit.astype(np.float32)
        rows, scores = self._read_front(query, low, length, margin) or self._read_all(query, low, length)
        return rows[~(scores < _highest(scores) - margin)]

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._gone[row] = True
        self._front.remove(row)
        if self._rest is not None:
            self._rest.remove(row)

    def _read_front(
        self, query: np.ndarray, unit: np.ndarray, length: float, margin: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Return rows, those with the best score among them, and their scores; None where all rows must be read.

        A pass over all rows is due, too, when the front has cost as much since the last one.
        """
        if self._rest is None or self._read_since_pass > len(self._vectors):
            return None
        front, rest = self._front, self._rest
        scores = self._count(front.products(unit), length)
        bounds = rest.at(query)
        while len(promising := (~(bounds < _highest(scores) - margin)).nonzero()[0]):
            if len(front.rows) + len(promising) > max(FIRST_FRONT, LARGEST_FRONT * len(bounds)):
                return None
            rows = _highest_of(promising, bounds, max(FIRST_FRONT, len(front.rows)))
            bounds[rows] = -np.inf
            rest.remove(rows)
            front.add(rows)
            scores = np.concatenate([scores, self._count(front.products(unit, since=len(scores)), length)])
        return front.rows, scores

    def _read_all(self, query: np.ndarray, unit: np.ndarray, length: float) -> tuple[np.ndarray, np.ndarray]:
        scores = self._count(scaled_products(self._vectors, self._scales, unit), length)
        scores[self._gone] = -np.inf
        if self._rest is None:
            self._rest = ScoreBounds(query, scores, length, self._error)
        else:
            self._rest.renew(query, scores, length)
        rows = (scores != -np.inf).nonzero()[0]
        self._front.clear()
        self._front.add(_highest_of(rows, scores, FIRST_FRONT))
        self._rest.remove(self._front.rows)
        self._read_since_pass = 0
        return rows, scores[rows]

    def _count(self, products: np.ndarray, length: float) -> np.ndarray:
        self.rows_read += len(products)
        self._read_since_pass += len(products)
        return products.astype(np.float64) * length


class Front:
    """The numbers of some ``rows``, and copies of them side by side at unit length."""

    def __init__(self, vectors: np.ndarray, scale: np.ndarray) -> None:
        """Start with none of ``vectors``, (n, d), which ``scale``, (n,) float32, brings to unit length."""
        self.rows: np.ndarray = np.empty(0, np.intp)
        self._vectors = vectors
        self._scale = scale
        self._copies = np.empty((FIRST_FRONT, vectors.shape[1]), np.float32)

    def products(self, query: np.ndarray, since: int = 0) -> np.ndarray:
        """Return float32 products of the rows, those that came ``since``, with a float32 query."""
        copies = self._copies[since : len(self.rows)]
        # Not BLAS: waking its other threads for few rows takes longer, and much longer on a busy machine.
        return np.vecdot(copies, query) if hasattr(np, 'vecdot') else copies @ query

    def add(self, rows: np.ndarray) -> None:
        """Append rows."""
        start, stop = len(self.rows), len(self.rows) + len(rows)
        if stop > len(self._copies):
            self._copies = np.concatenate([self._copies, np.empty((stop, len(self._copies[0])), np.float32)])
        with np.errstate(invalid='ignore', over='ignore'):
            np.multiply(self._vectors[rows], self._scale[rows, None], out=self._copies[start:stop])
        self.rows = np.concatenate([self.rows, rows])

    def remove(self, row: int) -> None:
        """Remove a row, if it is there; the last takes its place."""
        for place in (self.rows == row).nonzero()[0]:
            self.rows[place] = self.rows[-1]
            self._copies[place] = self._copies[len(self.rows) - 1]
            self.rows = self.rows[:-1]

    def clear(self) -> None:
        """Remove all rows."""
        self.rows = self.rows[:0]


class ScoreBounds:
    """Upper bounds on the products of rows with a query that changes, in O(1) a row."""

    def __init__(self, query: np.ndarray, scores: np.ndarray, length: float, error: float) -> None:
        """Begin with known products, (n,) float64, -inf for rows of no interest; see :meth:`renew`."""
        self._direction = query / length
        self._error = error
        products = scores / length
        known = np.isfinite(products)
        self._along = np.where(known, products, 0)
        self._across = np.sqrt(1 - np.clip(np.abs(self._along) - error, 0, 1) ** 2)
        self.renew(query, scores, length)

    def renew(self, query: np.ndarray, scores: np.ndarray, length: float) -> None:
        """Take note of the products of all rows with another query."""
        self._query = query.copy()
        self._scores = scores + self._error * length

    def at(self, query: np.ndarray) -> np.ndarray:
        """Return (n,) float64: no row's product with ``query`` is higher, but for rounding of float64.

        It is -inf for rows of no interest and NaN for those whose product was.
        """
        change = query - self._query
        along = change @ self._direction
        change -= along * self._direction
        bounds = self._across * math.sqrt(change @ change)
        bounds += self._along * along
        bounds += self._scores
        bounds += self._error * abs(along)
        return bounds

    def remove(self, rows: np.ndarray | int) -> None:
        """Give rows the bound -inf."""
        self._scores[rows] = -np.inf


def _highest(scores: np.ndarray) -> float:
    """Return the highest score, NaN aside, or a number that every score but -inf reaches."""
    return float(np.fmax.reduce(scores, initial=LOWEST))


def _highest_of(rows: np.ndarray, values: np.ndarray, number: int) -> np.ndarray:
    """Return the ``number`` rows of the highest values, in memory order; NaN counts as highest."""
    if len(rows) <= number:
        return rows
    return np.sort(rows[np.argpartition(values[rows], len(rows) - number)[-number:]])
