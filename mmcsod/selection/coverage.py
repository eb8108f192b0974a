"""Coverage: the cosine of each vector of the pool to the nearest selected one of its class.

The coverage of a class is the mean over its vectors, that of a selection the mean over the classes that have any, where
a class of which nothing is selected counts as 0. It needs no training.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import parts, unit_rows
from mmcsod.util.distributed import ALONE, World

SAMPLE = 2000
"""Vectors of a class that are compared with the selected ones to choose lam; of a larger class every k-th is."""

Multiply = Callable[[np.ndarray, np.ndarray], np.ndarray]

COMPARED, CHOSEN = 1 << 24, 1024
"""Cosines, and selected vectors, at a time."""

SCALE = 2.0**26
"""Elements of unit vectors are rounded to whole multiples of 1 / SCALE. The sums of an inner product then stay below
2^53, so that float64 is exact in whatever order BLAS and its threads add, and coverage is the same everywhere."""


@dataclass(frozen=True)
class ClassCoverage:
    """The vectors of one class beside the selected images that hold it.

    Attributes:
        images: (n,) int64, the image of each of the vectors.
        nearest: (n,) int64, rank from 0 of the selected image whose vector of this class is nearest to each, the
            earlier of two that are equally near; -1 everywhere if no selected image holds the class.
        cosines: (n,) float32, the cosine to it; 0 if no selected image holds the class.
        curve: (N,) float64, coverage of the class by the first 1, 2, ... N images; NaN before the first that holds it.
    """

    images: np.ndarray
    nearest: np.ndarray
    cosines: np.ndarray
    curve: np.ndarray


def coverages(
    pool: Pool, selections: Sequence[np.ndarray], world: World = ALONE, multiply: Multiply = np.matmul
) -> np.ndarray:
    """Return the coverage of a sample of the pool by each selection, (len(selections),) float64.

    Selections are (N,) indices of images each. ``multiply`` multiplies float64 matrices, here or on a device: their
    products are exact.
    """
    labels = [label for label in pool.labels if len(pool.images_of_class(label))]
    values = np.zeros((len(labels), len(selections)))
    for number in range(world.rank, len(labels), world.size):
        found = class_coverages(pool, labels[number], selections, SAMPLE, multiply)
        values[number] = np.nan_to_num([one.curve[-1] for one in found])
    return np.array([math.fsum(column) / max(1, len(labels)) for column in world.add(values).T])


def class_coverages(
    pool: Pool,
    label: int,
    selections: Sequence[np.ndarray],
    sample: int | None = None,
    multiply: Multiply = np.matmul,
) -> list[ClassCoverage]:
    """Assign the vectors of a class, or every k-th that ``sample`` leaves, to the nearest image of each selection.

    What selections share is multiplied once.
    """
    rows = pool.rows_of_class(label)
    rows = rows.start + np.flatnonzero(pool.eligible[rows])
    compared = rows[:: 1 if sample is None else -(-len(rows) // sample)]
    orders = [_in_order(pool, rows, selected) for selected in selections]
    every = np.unique(np.concatenate([chosen for chosen, _ in orders]))
    found = [_Nearest(np.searchsorted(every, chosen), len(compared)) for chosen, _ in orders]
    for part in parts(len(compared), COMPARED // max(1, len(every))):
        units = exact_units(pool, compared[part])
        blocks = [multiply(units, exact_units(pool, every[block]).T) for block in parts(len(every), CHOSEN)]
        for nearest in found if blocks else []:
            nearest.add(part, np.concatenate(blocks, axis=1))
    images = pool.row_images[compared]
    pairs = zip(selections, orders, found, strict=True)
    return [nearest.coverage(images, ranks, len(selected)) for selected, (_, ranks), nearest in pairs]


class _Nearest:
    """The nearest of some chosen rows to each of those compared, and the sums of the best cosines so far."""

    def __init__(self, columns: np.ndarray, number: int) -> None:
        self._columns = columns
        self._nearest, self._best, self._sums = np.zeros(number, np.int64), np.zeros(number), np.zeros(len(columns))

    def add(self, part: slice, cosines: np.ndarray) -> None:
        """Take the exact cosines, times ``SCALE`` squared, of some rows with all columns there are."""
        if len(self._columns):
            own = cosines[:, self._columns]
            self._nearest[part] = own.argmax(axis=1)
            np.maximum.accumulate(own, axis=1, out=own)
            self._best[part] = own[:, -1]
            self._sums += own.sum(axis=0)

    def coverage(self, images: np.ndarray, ranks: np.ndarray, num_selected: int) -> ClassCoverage:
        """Return what comes of it for rows of these images, where the columns are of images of these ranks."""
        means = np.concatenate([[np.nan], self._sums / SCALE**2 / len(images)])
        # How many of the images so far hold the class, at each rank; none means no coverage.
        counts = np.searchsorted(ranks, np.arange(num_selected), side='right')
        nearest = ranks[self._nearest] if len(ranks) else np.full(len(images), -1)
        return ClassCoverage(images, nearest, (self._best / SCALE**2).astype(np.float32), means[counts])


def _in_order(pool: Pool, rows: np.ndarray, selected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return those of the rows whose images are selected, in the order of these, and their ranks in it."""
    rank_of_image = np.full(len(pool.bank.images), -1, np.int64)
    rank_of_image[selected] = np.arange(len(selected))
    ranks = rank_of_image[pool.row_images[rows]]
    order = np.argsort(ranks, kind='stable')[np.count_nonzero(ranks < 0) :]
    return rows[order], ranks[order]


def exact_units(pool: Pool, rows: np.ndarray) -> np.ndarray:
    """Return rows of the pool at length ``SCALE``, whole numbers, (k, d) float64."""
    units = unit_rows(pool.vectors(rows).astype(np.float64))
    units *= SCALE
    return np.rint(units, out=units)
