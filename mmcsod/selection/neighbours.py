"""Similarities that can still count: of each row, those to rows that it would cover better than any selected row."""

from collections.abc import Sequence

import numpy as np

from mmcsod.selection.allowance import Allowance
from mmcsod.selection.kernels.similarities import Near, Similarities, gain_errors
from mmcsod.selection.unit_rows import parts

FOUND = 1 << 22
"""Similarities computed at a time."""

SUMMED = 1 << 20
"""Neighbours that are summed over at a time."""

SAMPLE = 32
"""Rows sampled to estimate how many neighbours all have."""

SPARE = 1.25
"""Factor by which the estimate is raised."""

SHRUNK = 4
"""What is kept of rows is copied once less than one in so many of it still counts."""


class Neighbours:
    """The rows to cover that each row of a class is nearer to than any selected row is, kept where memory allows.

    Coverage only rises, so a row to cover that is none of a row's neighbours never becomes one, and whoever keeps the
    neighbours needs no product with other rows again.
    """

    def __init__(self, similarities: Similarities, number: int, allowance: Allowance) -> None:
        """Begin with none kept; ``number`` is how many rows there are to cover."""
        self._similarities = similarities
        self._number = max(1, number)
        self._allowance = allowance
        self._kept: dict[int, Near] = {}
        self._expected = float(number)

    def fit(self, rows: np.ndarray, covered: np.ndarray) -> bool:
        """Return whether to keep the neighbours of these rows: whether all have room, estimated from a sample."""
        if self._similarities.is_fast or not self._allowance.num_rows(0):
            return False
        sample = np.random.default_rng(0).permutation(rows)[:SAMPLE]
        self._expected = SPARE * sum(len(places) for places, _ in self.find(sample, covered)) / max(1, len(sample))
        return len(rows) <= self._allowance.num_rows(self._expected)

    def are_kept(self, rows: np.ndarray) -> np.ndarray:
        """Return of which rows neighbours are kept, (m,) bool."""
        return np.array([row in self._kept for row in rows.tolist()], bool)

    def drop(self, row: int) -> None:
        """Forget the neighbours of a row."""
        if row in self._kept:
            self._allowance.give_back(len(self._kept.pop(row)[0]))

    def find(self, rows: np.ndarray, covered: np.ndarray) -> list[Near]:
        """Return the neighbours of rows at a coverage, (n,) float64, and perhaps others that were so before."""
        others = rows[~self.are_kept(rows)]
        found = dict(zip(others.tolist(), self._similarities.near(others, covered), strict=True))
        return [self._kept.get(row) or found[row] for row in rows.tolist()]

    def gains(self, rows: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the gains of rows and how far each errs, (m,) float64; keep their neighbours if there is room."""
        gains, errors = np.empty(len(rows)), np.empty(len(rows))
        for some in parts(len(rows), max(FOUND // self._number, self._allowance.num_rows(self._expected))):
            near = self.find(rows[some], covered)
            for part in parts(len(near), SUMMED // self._number):
                here = slice(some.start + part.start, some.start + part.stop)
                gains[here], errors[here] = self._sum(rows[here].tolist(), near[part], covered)
        return gains, errors

    def _sum(self, rows: Sequence[int], near: Sequence[Near], covered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = np.concatenate([places for places, _ in near])
        similarities = np.concatenate([similarities for _, similarities in near])
        excess = similarities - covered.astype(np.float32).take(places)
        lengths = np.array([len(places) for places, _ in near])
        is_left = excess > -self._similarities.error
        counts, gains = _sums(is_left, lengths), _sums(np.maximum(excess, 0, out=excess), lengths)
        if SHRUNK * counts.sum() < len(places):
            places, similarities, ends = places[is_left], similarities[is_left], np.cumsum(counts).astype(int).tolist()
            lines = map(slice, [0, *ends], ends)
            near = [(places[line].copy(), similarities[line].copy()) for line in lines]
        self._keep(rows, near)
        return gains, gain_errors(gains, counts, self._similarities.error)

    def _keep(self, rows: Sequence[int], near: Sequence[Near]) -> None:
        for row, one in zip(rows, near, strict=True):
            if one is not self._kept.get(row):
                self.drop(row)
                if self._allowance.take(len(one[0])):
                    self._kept[row] = one


def _sums(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the sums of consecutive values, so many at a time, (m,) float64."""
    sums = np.zeros(len(lengths))
    begins = np.cumsum(lengths) - lengths
    if len(values):
        sums[lengths > 0] = np.add.reduceat(values, begins[lengths > 0], dtype=np.float64)
    return sums
