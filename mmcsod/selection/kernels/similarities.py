"""Similarities of the rows of a class with each other, in float32 and with a bound on their error.

Where :mod:`mmcsod.selection.kernels.base` searches for one query's highest product, methods that compare all rows with
all need these. ``torch_similarities`` computes the same on any device of PyTorch's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmcsod.selection.kernels.base import HALF_ULP, product_error, scales
from mmcsod.selection.unit_rows import parts

TILE = 1024
"""Rows, and rows to compare them with, whose similarities are computed at a time: 4 MiB, and enough for BLAS."""

READ = 1 << 18
"""Similarities that are kept, read at a time: as many as stay in a cache."""

CONVERTED = 1 << 22
"""Elements of rows that are copied at a time: 16 MiB."""


@dataclass(frozen=True)
class Window:
    """What similarities are summed over: where they are above a floor, and up to where.

    Attributes:
        low: (k, p) float32, floors for each of p others.
        high: (p,) float32, above which nothing is added; None for no end.
        places: (p,) which of the others these are, ascending; None for all.
        line: (m,) which floors each candidate has; None for the first.
    """

    low: np.ndarray
    high: np.ndarray | None = None
    places: np.ndarray | None = None
    line: np.ndarray | None = None

    def floor(self, rows: slice, part: slice) -> np.ndarray:
        """Return the floors of some candidates for some of the others, (m, p) or (1, p)."""
        return self.low[:1, part] if self.line is None else self.low[self.line[rows], part]


class Similarities(Protocol):
    """Cosines of some rows of a class, the candidates, with others that they are compared with.

    Rows are given by their numbers within the class. A zero vector has cosine 0 with every other; a row that is left
    out is neither a candidate nor one of the others.

    Attributes:
        error: How far any similarity may be from the exact one.
    """

    error: float

    @property
    def is_kept(self) -> bool:
        """Whether similarities are kept."""

    def keep(self, candidates: np.ndarray) -> None:
        """Compute the similarities of some candidates with all others once, and keep them: 4 bytes each."""

    def gains(self, candidates: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Return what similarities of candidates add up to in a window, and how far each sum errs, (m,) float64.

        That is the sum over i of min(max(s_ij - low_i, 0), high_i - low_i).
        """

    def near(self, candidates: np.ndarray, floor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return, for each candidate, the places of others whose similarity is above their ``floor``, and that.

        Floor and similarities are float32.
        """

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

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, others: np.ndarray | None = None) -> None:
        self.error = similarity_error(vectors.shape[1])
        self._vectors, self._scales = in_range(vectors, inverse_norms)
        self._others = np.arange(0) if others is None else others
        self._lines = Lines(len(vectors))

    @property
    def is_kept(self) -> bool:
        """See :class:`Similarities`."""
        return len(self._lines.table) > 0

    def keep(self, candidates: np.ndarray) -> None:
        """See :class:`Similarities`."""
        table = np.empty((len(candidates), len(self._others)), np.float32)
        for rows, places, tile in self._tiles(candidates, self._others):
            table[rows, places] = tile
        self._lines.keep(candidates, table)

    def gains(self, candidates: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Similarities`."""
        gains, counts = np.zeros(len(candidates)), np.zeros(len(candidates))
        for rows, part, tile in self._read(candidates, window.places):
            floor = window.floor(rows, part)
            tile -= floor
            counts[rows] += [np.count_nonzero(line) for line in tile > -self.error]
            np.maximum(tile, 0, out=tile)
            if window.high is not None:
                np.minimum(tile, window.high[part] - floor, out=tile)
            gains[rows] += tile.sum(axis=1)
        return gains, gain_errors(gains, counts, self.error)

    def near(self, candidates: np.ndarray, floor: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """See :class:`Similarities`."""
        places: list[list[np.ndarray]] = [[] for _ in candidates]
        values: list[list[np.ndarray]] = [[] for _ in candidates]
        for rows, part, tile in self._read(candidates):
            for row, line in zip(range(len(candidates))[rows], tile, strict=True):
                above = np.flatnonzero(line > floor[part])
                places[row].append(part.start + above)
                values[row].append(line[above])
        return [(np.concatenate(one), np.concatenate(other)) for one, other in zip(places, values, strict=True)]

    def products(self, rows: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """See :class:`Similarities`."""
        products, queries = np.empty((len(rows), len(directions))), directions.astype(np.float32).T
        for part in parts(len(rows), CONVERTED // max(1, directions.shape[1])):
            products[part] = self._vectors[rows[part]].astype(np.float32, copy=False) @ queries
        return np.multiply(products, self._scales[rows, None], out=products)

    def _read(
        self, candidates: np.ndarray, places: np.ndarray | None = None
    ) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yield some of the candidates, some of the places, and a copy of their similarities, (k, p) float32."""
        if places is None and (lines := self._lines.of(candidates)) is not None:
            for rows in parts(len(lines), READ // max(1, len(self._others))):
                yield rows, slice(0, len(self._others)), self._lines.table[lines[rows]]
        else:
            yield from self._tiles(candidates, self._others if places is None else self._others[places])

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


class Lines:
    """Similarities that are kept, one line a candidate."""

    def __init__(self, number: int) -> None:
        self.table = np.empty((0, 0), np.float32)
        self._line = np.full(number, -1)

    def keep(self, candidates: np.ndarray, table: np.ndarray) -> None:
        """Keep the lines of some candidates, (m, n) float32."""
        self.table, self._line[candidates] = table, np.arange(len(candidates))

    def of(self, candidates: np.ndarray) -> np.ndarray | None:
        """Return the lines of some candidates, (k,), or None if one of them is not kept."""
        lines = self._line[candidates]
        return lines if (lines >= 0).all() else None


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
