"""Similarities of the rows of a class with each other, in float32 and with a bound on their error.

Where :mod:`mmcsod.selection.kernels.base` searches for one query's highest product, methods that compare all rows with
all need these. ``torch_similarities`` computes the same on any device of PyTorch's.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np

from mmcsod.selection.kernels.base import HALF_ULP, product_error, scales
from mmcsod.selection.unit_rows import parts

TILE = 1024
"""Rows, and rows to compare them with, whose similarities are computed at a time: 4 MiB, and enough for BLAS."""

CONVERTED = 1 << 22
"""Elements of rows that are copied at a time: 16 MiB."""


Near = tuple[np.ndarray, np.ndarray]
"""Places among the others, (k,) int32, and the similarities to them, (k,) float32."""


class Similarities(Protocol):
    """Cosines of some rows of a class, the candidates, with others that they are compared with.

    Rows are given by their numbers within the class. A zero vector has cosine 0 with every other; a row that is left
    out is neither a candidate nor one of the others.

    Attributes:
        error: How far any similarity may be from the exact one.
        is_fast: Whether they are computed sooner than main memory would give them back.
    """

    error: float
    is_fast: bool

    def gains(self, candidates: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what candidates add to the coverage of the others, (n,) float64, and how far that errs, (m,) float64.

        That is the sum over i of max(s_ij - c_i, 0).
        """

    def near(self, candidates: np.ndarray, covered: np.ndarray) -> list[Near]:
        """Return, for each candidate, the others whose coverage, (n,) float64, it may raise, maybe by nothing."""

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return (m, k) float64, the products of some rows at unit length with (k, d) directions of at most that."""


class SimilaritiesFactory(Protocol):
    """Makes the similarities of one class."""

    def __call__(
        self, vectors: np.ndarray, inverse_norms: np.ndarray, others: np.ndarray | None = None
    ) -> Similarities:
        """Return them from vectors, (n, d) float32 or float16, their inverse norms, (n,), and the rows to compare with.

        ``others`` are ascending; None is for who asks for products only.
        """


class NumpySimilarities:
    """On the CPU, over the bank's own rows where they lie."""

    is_fast = False

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, others: np.ndarray | None = None) -> None:
        self.error = similarity_error(vectors.shape[1])
        self._vectors, self._scales = in_range(vectors, inverse_norms)
        self._others = np.arange(0) if others is None else others

    def gains(self, candidates: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Similarities`."""
        gains, counts, floor = np.zeros(len(candidates)), np.zeros(len(candidates)), covered.astype(np.float32)
        for rows, places, tile in self._tiles(candidates, self._others):
            tile -= floor[places]
            counts[rows] += [np.count_nonzero(line) for line in tile > -self.error]
            gains[rows] += np.maximum(tile, 0, out=tile).sum(axis=1)
        return gains, gain_errors(gains, counts, self.error)

    def near(self, candidates: np.ndarray, covered: np.ndarray) -> list[Near]:
        """See :class:`Similarities`."""
        floor = (covered - self.error).astype(np.float32)
        blocks: dict[int, list[Above]] = defaultdict(list)
        for rows, places, tile in self._tiles(candidates, self._others):
            blocks[rows.start].append(Above.of(tile, floor[places], places.start))
        return [near for begin in sorted(blocks) for near in _joined(blocks.pop(begin))]

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """See :class:`Similarities`."""
        products, queries = np.empty((len(rows), len(directions))), directions.astype(np.float32).T
        for part in parts(len(rows), CONVERTED // max(1, directions.shape[1])):
            products[part] = self._vectors[rows[part]].astype(np.float32, copy=False) @ queries
        return np.multiply(products, self._scales[rows, None], out=products)

    def _tiles(self, candidates: np.ndarray, others: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Compute similarities of some of the candidates with some of the others at a time, (k, p) float32.

        Where the two are the same rows, a tile gives its mirror image, too.
        """
        is_symmetric = np.array_equal(candidates, others)
        for some in parts(len(candidates), TILE * max(1, CONVERTED // TILE // max(1, self._vectors.shape[1]))):
            units = self._units(candidates[some])
            for places in parts(some.stop if is_symmetric else len(others), TILE):
                read = as_slice(others[places])
                block, scales_here = self._vectors[read].astype(np.float32, copy=False).T, self._scales[read]
                for part in parts(len(units), TILE):
                    rows = slice(some.start + part.start, some.start + part.stop)
                    if is_symmetric and rows.start < places.start:
                        continue
                    tile = units[part] @ block
                    tile *= scales_here
                    if is_symmetric and rows.start > places.start:
                        yield places, rows, tile.T.copy()
                    yield rows, places, tile

    def _units(self, rows: np.ndarray) -> np.ndarray:
        units = self._vectors[rows].astype(np.float32, copy=False)
        return np.multiply(units, self._scales[rows, None], out=units)


class Above(NamedTuple):
    """What is above a floor in a tile.

    Attributes:
        places: (k,) int32, among the others.
        values: (k,) float32, line by line.
        ends: Where each line begins, and where the last ends.
    """

    places: np.ndarray
    values: np.ndarray
    ends: list[int]

    @classmethod
    def of(cls, tile: np.ndarray, floor: np.ndarray, first: int) -> 'Above':
        """Find it in an (m, p) tile of which the places begin with ``first``."""
        found = np.flatnonzero(tile > floor)
        begins = np.arange(len(tile) + 1) * tile.shape[1]
        ends = np.searchsorted(found, begins)
        places = found - np.repeat(begins[:-1] - first, np.diff(ends))
        return cls(places.astype(np.int32), tile.ravel()[found], ends.tolist())


def _joined(tiles: list[Above]) -> Iterator[Near]:
    """Yield what is above the floor in each line of the tiles that stand side by side."""
    for row in range(len(tiles[0].ends) - 1):
        parts_here = [(tile, slice(*tile.ends[row : row + 2])) for tile in tiles]
        yield (
            np.concatenate([tile.places[part] for tile, part in parts_here]),
            np.concatenate([tile.values[part] for tile, part in parts_here]),
        )


def as_slice(rows: np.ndarray) -> slice | np.ndarray:
    """Return ascending rows as a slice where they are consecutive: what it reads is then not copied."""
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) and rows[-1] - rows[0] == len(rows) - 1 else rows


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
    units = np.empty(vectors.shape, np.float32)
    with np.errstate(invalid='ignore', over='ignore'):
        for part in parts(len(vectors), TILE):
            units[part] = vectors[part].astype(np.float64) * inverse_norms[part, None]
    return units, (inverse_norms > 0).astype(np.float32)
