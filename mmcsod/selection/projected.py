"""Exact distances of unit vectors, and short vectors whose distances are at most as large."""

import numpy as np

from mmcsod.selection.unit_rows import LARGEST, parts, unit_rows

SAMPLE = 1000
"""Vectors whose mean distance is taken."""

BASIS_SAMPLE, DIMENSIONS = 256, 64
"""Vectors whose main directions are found, and how many of these are kept."""

ROWS = 1024
"""Vectors read at a time."""


class Projected:
    """Vectors, at unit length, on the main directions of a sample of themselves.

    Dropping directions only brings vectors closer, so what is far apart here is far apart; the mean is taken off, for
    float32 could not hold both it and the small differences of vectors that are all alike.

    Args:
        vectors: (n, d) float, memory-mapped or not.
        rows: Those whose projections will be asked for, ascending.
    """

    def __init__(self, vectors: np.ndarray, rows: np.ndarray) -> None:
        self._vectors = vectors
        self._place = np.full(len(vectors), -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        mean, basis = _main_directions(self._units(_evenly(rows, BASIS_SAMPLE)))
        self._short = np.empty((len(rows), basis.shape[1]), np.float32)
        for part in parts(len(rows), ROWS):
            self._short[part] = (self._units(rows[part]) - mean) @ basis

    def projections(self, rows: np.ndarray) -> np.ndarray:
        """Return (k, at most ``DIMENSIONS``) float32."""
        return self._short[self._place[rows]]

    def distances(self, ones: np.ndarray, others: np.ndarray, weight: float) -> np.ndarray:
        """Return the squared distances of some rows to others, times a weight: (ones, others) float64.

        It is infinite for a row without a direction: of zeros, NaN, infinity or values whose squares overflow.
        """
        first, second = self._units(ones), self._units(others)
        distances = weight * (2 - 2 * first @ second.T)
        distances[~first.any(axis=1)] = distances[:, ~second.any(axis=1)] = np.inf
        return distances

    def scale(self, rows: np.ndarray) -> float:
        """Return 1 over the mean squared distance between two of these rows; 0 if all are one."""
        units = self._units(_evenly(rows, SAMPLE))
        units = units[units.any(axis=1)]
        number = len(units)
        if number < 2:
            return 0.0
        spread = 2 * (1 - (np.square(units.sum(axis=0)).sum() - number) / (number * (number - 1)))
        return float(1 / spread) if spread > 1e-9 else 0.0

    def _units(self, rows: np.ndarray) -> np.ndarray:
        vectors = self._vectors[rows].astype(np.float64)
        vectors[~(np.abs(vectors) < LARGEST).all(axis=1)] = 0
        return unit_rows(vectors)


def _evenly(rows: np.ndarray, number: int) -> np.ndarray:
    return rows[:: max(1, -(-len(rows) // number))]


def _main_directions(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of units, (d,), and up to ``DIMENSIONS`` orthonormal directions of their variance, (d, k)."""
    if not len(units):
        return np.zeros(units.shape[1]), np.zeros((units.shape[1], 0))
    mean = units.mean(axis=0)
    return mean, np.linalg.svd(units - mean, full_matrices=False)[2][:DIMENSIONS].T
