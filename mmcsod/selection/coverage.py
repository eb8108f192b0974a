"""Coverage: how near the vectors of the pool are to a selected one.

It is the mean over a class's vectors of the cosine to the nearest selected vector of the class, averaged over the
classes that have any; a class of which nothing is selected counts as 0. It needs no training.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import parts, unit_rows
from mmcsod.util.distributed import ALONE, Group

SAMPLE = 2000
"""Vectors of a class that are compared with the selected ones, at most; of a larger class every k-th is."""

Multiply = Callable[[np.ndarray, np.ndarray], np.ndarray]

COMPARED, CHOSEN = 4096, 1024
"""Vectors, and selected vectors, at a time."""

SCALE = 2.0**26
"""Elements of unit vectors are rounded to whole multiples of 1 / SCALE. The sums of an inner product then stay below
2^53, so that float64 is exact in whatever order BLAS and its threads add, and coverage is the same everywhere."""


def coverages(
    pool: Pool,
    selections: Sequence[np.ndarray],
    group: Group = ALONE,
    sample: int | None = SAMPLE,
    multiply: Multiply = np.matmul,
) -> np.ndarray:
    """Return the coverage of each selection, (len(selections),) float64.

    Selections are (D,) bool each. Of a class at most ``sample`` vectors are compared, None compares all; ``multiply``
    multiplies float64 matrices, here or on a device: their products are exact.
    """
    labels = [label for label in pool.labels if len(pool.images_of_class(label))]
    values = np.zeros((len(labels), len(selections)))
    for number in range(group.rank, len(labels), group.size):
        values[number] = class_coverages(pool, labels[number], selections, sample, multiply)
    return np.array([math.fsum(column) / max(1, len(labels)) for column in group.add(values).T])


def class_coverages(
    pool: Pool,
    label: int,
    selections: Sequence[np.ndarray],
    sample: int | None = SAMPLE,
    multiply: Multiply = np.matmul,
) -> np.ndarray:
    """Return the coverage of one class by each selection; see :func:`coverages`."""
    rows = pool.rows_of_class(label)
    rows = rows.start + np.flatnonzero(pool.eligible[rows])
    compared = rows[:: 1 if sample is None else -(-len(rows) // sample)]
    masks = np.array(selections)[:, pool.row_images[rows]]
    rows, masks = rows[masks.any(axis=0)], masks[:, masks.any(axis=0)]
    nearest = np.full((len(selections), len(compared)), -np.inf)
    for part, block, cosines in cosine_blocks(pool, compared, rows, multiply):
        for best, mask in zip(nearest[:, part], masks[:, block], strict=True):
            if mask.any():
                np.maximum(best, cosines[:, mask].max(axis=1), out=best)
    means = [math.fsum(best) / len(compared) / SCALE**2 for best in nearest]
    return np.where(masks.any(axis=1), means, 0)


def cosine_blocks(
    pool: Pool, compared: np.ndarray, chosen: np.ndarray, multiply: Multiply = np.matmul
) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """Yield some of the rows compared, some of those chosen, and their cosines times ``SCALE`` squared, exact."""
    for part in parts(len(compared), COMPARED):
        units = exact_units(pool, compared[part])
        for block in parts(len(chosen), CHOSEN):
            yield part, block, multiply(units, exact_units(pool, chosen[block]).T)


def exact_units(pool: Pool, rows: np.ndarray) -> np.ndarray:
    """Return rows of the pool at length ``SCALE``, whole numbers, (k, d) float64."""
    units = unit_rows(pool.vectors(rows).astype(np.float64))
    units *= SCALE
    return np.rint(units, out=units)
