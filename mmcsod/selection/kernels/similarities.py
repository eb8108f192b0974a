"""Similarities of all rows of a class with each other, in float32 and with a bound on their error.

Where :mod:`mmcsod.selection.kernels.base` searches for one query's highest product, methods that compare all rows with
all need these. ``torch_similarities`` computes the same on any device of PyTorch's.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from mmcsod.selection.kernels.base import HALF_ULP, product_error, scales
from mmcsod.selection.unit_rows import parts

COMPUTED = 1 << 24
"""Similarities computed at a time: 64 MiB, and enough for BLAS."""

READ = 1 << 18
"""Similarities that are kept, read at a time: as many as stay in a cache."""

CONVERTED = 1 << 22
"""Elements of float16 converted at a time: 16 MiB."""


class Similarities(Protocol):
    """Cosines of one class's n rows; a row that is left out, or is zero, has none but 0.

    Attributes:
        error: How far any of them may be from the exact one.
    """

    error: float

    def keep(self, rows: slice) -> None:
        """Compute the similarities of consecutive rows with all rows once, and keep them: 4 bytes each."""

    def gains(self, candidates: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (m,) float64, the sum over i of max(s_ij - covered_i, 0) for some rows j, and by how much each errs.

        ``covered`` is (n,) float32; infinity leaves a row out.
        """

    def near(self, candidates: np.ndarray, floor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return, for each of some rows, those whose similarity is above their ``floor``, ascending, and that, float32.

        ``floor`` is (n,) float32; infinity leaves a row out.
        """

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return (m, k) float64, the products of some rows at unit length with (k, d) directions of at most that."""


SimilaritiesFactory = Callable[[np.ndarray, np.ndarray], Similarities]
"""Makes the similarities of one class from its vectors, (n, d) float32 or float16, and their inverse norms, (n,)."""


class NumpySimilarities:
    """On the CPU, over the bank's own rows where they lie."""

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray) -> None:
        self.error = similarity_error(vectors.shape[1])
        self._vectors, self._scales = in_range(vectors, inverse_norms)
        self._silent = np.flatnonzero(self._scales == 0)  # left out, and may hold anything: or zero
        self._kept, self._table = slice(0, 0), np.empty((0, len(vectors)), np.float32)

    def keep(self, rows: slice) -> None:
        """See :class:`Similarities`."""
        units = self._units(slice(None))
        units[self._silent] = 0
        self._kept, self._table = rows, units[rows] @ units.T  # all rows: half the products, as NumPy notices

    def gains(self, candidates: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Similarities`."""
        gains, counts = np.empty(len(candidates)), np.empty(len(candidates))
        for part, lines in self._read(candidates):
            lines -= covered
            counts[part] = [np.count_nonzero(line) for line in lines > -self.error]
            gains[part] = np.maximum(lines, 0, out=lines).sum(axis=1)
        return gains, gain_errors(gains, counts, self.error)

    def near(self, candidates: np.ndarray, floor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """See :class:`Similarities`."""
        found = []
        for _, lines in self._read(candidates):
            found += [(rows := np.flatnonzero(line > floor), line[rows]) for line in lines]
        return found

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """See :class:`Similarities`."""
        products, queries = np.empty((len(rows), len(directions))), directions.astype(np.float32).T
        for part in parts(len(rows), CONVERTED // max(1, directions.shape[1])):
            products[part] = self._vectors[rows[part]].astype(np.float32, copy=False) @ queries
        return np.multiply(products, self._scales[rows, None], out=products)

    def _read(self, candidates: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield some of the candidates at a time and a copy of their similarities with all rows, (k, n) float32."""
        places = candidates - self._kept.start
        is_kept = bool(((places >= 0) & (places < len(self._table))).all())
        for part in parts(len(candidates), (READ if is_kept else COMPUTED) // max(1, len(self._vectors))):
            yield part, self._table[places[part]] if is_kept else self._lines(candidates[part])

    def _lines(self, candidates: np.ndarray) -> np.ndarray:
        """Compute the similarities of some rows with all rows, (m, n) float32."""
        units, lines = self._units(candidates), np.empty((len(candidates), len(self._vectors)), np.float32)
        step = len(self._vectors) if self._vectors.dtype == np.float32 else CONVERTED // max(1, units.shape[1])
        with np.errstate(invalid='ignore', over='ignore'):
            for part in parts(len(self._vectors), step):
                lines[:, part] = units @ self._vectors[part].astype(np.float32, copy=False).T
            lines *= self._scales
        lines[:, self._silent] = 0
        return lines

    def _units(self, rows: Any) -> np.ndarray:
        with np.errstate(invalid='ignore', over='ignore'):
            return self._vectors[rows].astype(np.float32, copy=False) * self._scales[rows, None]


def similarity_error(dimensions: int) -> float:
    """Bound the error of a float32 similarity of two rows, each of them scaled and rounded, less a rounded number."""
    return product_error(dimensions) + product_error(5)


def gain_errors(gains: np.ndarray, counts: np.ndarray, error: float) -> np.ndarray:
    """Bound the error of float32 sums of terms of which all but some, (m,) ``counts``, are 0 for sure.

    Each other term errs by at most ``error``, and summing so many terms in any order by a rounding for each.
    """
    return counts * (error + HALF_ULP * gains)


def in_range(vectors: np.ndarray, inverse_norms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and what scales them to unit length, (n,) float32, such that products cannot leave float32's range.

    They are the given rows, and copies at unit length where the norm of one is too small or too large.
    """
    factors = scales(inverse_norms)
    if not np.isnan(factors).any():
        return vectors, factors
    with np.errstate(invalid='ignore', over='ignore'):
        units = (vectors.astype(np.float64) * inverse_norms[:, None]).astype(np.float32)
    return units, (inverse_norms > 0).astype(np.float32)
