"""Coverage: the cosine of each vector of the pool to the nearest selected one of its class.

The coverage of a class is the mean over its vectors, that of a selection the mean over the classes that have any, where
a class of which nothing is selected counts as 0. It needs no training.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import parts, unit_rows
from mmcsod.util.distributed import ALONE, World

SAMPLE = 2000
"""Vectors of a class that are compared with the selected ones to choose lam; of a larger class every k-th is."""

Multiply = Callable[[np.ndarray, np.ndarray], np.ndarray]

COMPARED, CHOSEN = 4096, 1024
"""Vectors, and selected vectors, at a time."""

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
        found = [class_coverage(pool, labels[number], selected, SAMPLE, multiply) for selected in selections]
        values[number] = np.nan_to_num([one.curve[-1] for one in found])
    return np.array([math.fsum(column) / max(1, len(labels)) for column in world.add(values).T])


def class_coverage(
    pool: Pool, label: int, selected: np.ndarray, sample: int | None = None, multiply: Multiply = np.matmul
) -> ClassCoverage:
    """Assign the vectors of a class, or every k-th that ``sample`` leaves, to the nearest of (N,) selected images."""
    rows = pool.rows_of_class(label)
    rows = rows.start + np.flatnonzero(pool.eligible[rows])
    compared = rows[:: 1 if sample is None else -(-len(rows) // sample)]
    images = pool.row_images[compared]
    chosen, ranks = _in_order(pool, rows, selected)
    if not len(chosen):
        none = np.zeros(len(images), np.float32)
        return ClassCoverage(images, np.full(len(images), -1), none, np.full(len(selected), np.nan))
    columns, cosines, sums = _nearest(pool, compared, chosen, multiply)
    # How many of the images so far hold the class, at each rank; none means no coverage.
    counts = np.searchsorted(ranks, np.arange(len(selected)), side='right')
    return ClassCoverage(images, ranks[columns], cosines, np.concatenate([[np.nan], sums / len(images)])[counts])


def _in_order(pool: Pool, rows: np.ndarray, selected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return those of the rows whose images are selected, in the order of these, and their ranks in it."""
    rank_of_image = np.full(len(pool.bank.images), -1, np.int64)
    rank_of_image[selected] = np.arange(len(selected))
    ranks = rank_of_image[pool.row_images[rows]]
    order = np.argsort(ranks, kind='stable')[np.count_nonzero(ranks < 0) :]
    return rows[order], ranks[order]


def _nearest(
    pool: Pool, rows: np.ndarray, chosen: np.ndarray, multiply: Multiply
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest chosen row of each row, the cosine to it, and the sum of the best cosines so far."""
    columns, best, sums = np.zeros(len(rows), np.int64), np.full(len(rows), -np.inf), np.zeros(len(chosen))
    for part, block, cosines in _cosine_blocks(pool, rows, chosen, multiply):
        columns[part] = np.where(cosines.max(axis=1) > best[part], block.start + cosines.argmax(axis=1), columns[part])
        np.maximum.accumulate(np.maximum(cosines, best[part, None]), axis=1, out=cosines)
        best[part] = cosines[:, -1]
        sums[block] += cosines.sum(axis=0)
    return columns, (best / SCALE**2).astype(np.float32), sums / SCALE**2


def _cosine_blocks(
    pool: Pool, rows: np.ndarray, chosen: np.ndarray, multiply: Multiply
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield some of the rows, some of those chosen, and their cosines times ``SCALE`` squared, exact."""
    for part in parts(len(rows), COMPARED):
        units = exact_units(pool, rows[part])
        for block in parts(len(chosen), CHOSEN):
            yield part, block, multiply(units, exact_units(pool, chosen[block]).T)


def exact_units(pool: Pool, rows: np.ndarray) -> np.ndarray:
    """Return rows of the pool at length ``SCALE``, whole numbers, (k, d) float64."""
    units = unit_rows(pool.vectors(rows).astype(np.float64))
    units *= SCALE
    return np.rint(units, out=units)
