"""Coverage: the cosine of each vector of the pool to the nearest selected one of its class; and its counterpart.

The coverage of a class is the mean over its vectors, that of a coreset the mean over the classes of the pool, where a
class of which nothing is selected counts as 0. ``selection/coverage.py`` computes it from a sample, for lam.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.coverage import COMPARED, SCALE, cosine_blocks
from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import parts, unit_rows

SURE = 0.9
"""Share of the coreset within which a bend of the curve is one."""


@dataclass(frozen=True)
class ClassView:
    """One class of the pool beside the selected images that hold it.

    Attributes:
        images: (n,) int64, the image of each of the class's vectors.
        nearest: (n,) int64, rank from 0 of the selected image whose vector of this class is nearest to each, the
            earlier of two that are equally near; -1 everywhere if no selected image holds the class.
        cosines: (n,) float32, the cosine to it; 0 if no selected image holds the class.
        coverage: (N,) float64, coverage of the class by the first 1, 2, ... N images; NaN before the first that holds
            it.
    """

    images: np.ndarray
    nearest: np.ndarray
    cosines: np.ndarray
    coverage: np.ndarray


def class_views(bank: FeatureBank, selected: np.ndarray) -> dict[int, ClassView]:
    """Assign every vector of the bank to the nearest of (N,) selected images; return a view of each class by label."""
    ranks = np.full(len(bank.images), -1, np.int64)
    ranks[selected] = np.arange(len(selected))
    pool = Pool(bank, np.unique(bank.labels).tolist())
    return {label: _view(pool, label, ranks, len(selected)) for label in pool.labels}


def coverage_curve(views: Mapping[int, ClassView]) -> np.ndarray:
    """Return the coverage of all classes by the first 1, 2, ... images, (N,) float64."""
    return np.mean([np.nan_to_num(view.coverage) for view in views.values()], axis=0)


def redundancy(bank: FeatureBank, images: np.ndarray) -> float:
    """Return the mean, over a class's selected vectors, of the cosine to the nearest other one, averaged over classes.

    Classes with fewer than two are left out; NaN if that is all of them.
    """
    found = []
    for label in np.unique(bank.labels):
        rows = np.flatnonzero((bank.labels == label) & images[bank.rows['image']])
        if len(rows) > 1:
            found.append(_nearest_other(unit_rows(np.asarray(bank.vectors[rows]))).mean())
    return float(np.mean(found)) if found else float('nan')


def diminishing_returns(bank: FeatureBank, coreset: Coreset, curve: np.ndarray) -> int | None:
    """Return the number of images from which one more adds less than the average of all that are left.

    That is where the curve is the farthest above a line (Satopaa et al., "Finding a 'Kneedle' in a haystack", ICDCS
    Workshops 2011), here the one from where no class is missing, before which images add classes and not coverage, to
    the whole pool, which covers itself to 1. So the line does not depend on where the coreset ends. It is None if the
    number is among the last tenth of the images, for with more of them it may be higher.
    """
    place = {bank.image_index[image]: number for number, image in enumerate(coreset.image_ids, 1)}
    first_pick: dict[int, int] = {}
    for image, label in zip(bank.rows['image'].tolist(), bank.labels.tolist(), strict=True):
        if image in place:
            first_pick[label] = min(place[image], first_pick.get(label, place[image]))
    begin, whole = max(first_pick.values(), default=1), len(np.unique(bank.rows['image']))
    numbers = np.arange(begin, len(curve) + 1)
    line = curve[begin - 1] + (1 - curve[begin - 1]) * (numbers - begin) / max(1, whole - begin)
    number = begin + int(np.argmax(curve[begin - 1 :] - line))
    return number if number <= SURE * len(curve) or len(curve) == whole else None


def _view(pool: Pool, label: int, ranks: np.ndarray, number: int) -> ClassView:
    rows = pool.rows_of_class(label)
    images = pool.row_images[rows]
    held = np.flatnonzero(ranks[images] >= 0)
    held = held[np.argsort(ranks[images[held]], kind='stable')]
    if not len(held):
        return ClassView(images, np.full(len(images), -1), np.zeros(len(images), np.float32), np.full(number, np.nan))
    columns, cosines, sums = _nearest(pool, rows.start + np.arange(len(images)), rows.start + held)
    holders = ranks[images[held]]
    # How many of the images so far hold the class, at each rank; none means no coverage.
    counts = np.searchsorted(holders, np.arange(number), side='right')
    return ClassView(images, holders[columns], cosines, np.concatenate([[np.nan], sums / len(images)])[counts])


def _nearest(pool: Pool, rows: np.ndarray, selected: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest selected row of each row, the cosine to it, and the sum of the best cosines so far."""
    columns, best, sums = np.zeros(len(rows), np.int64), np.full(len(rows), -np.inf), np.zeros(len(selected))
    for part, block, cosines in cosine_blocks(pool, rows, selected):
        columns[part] = np.where(cosines.max(axis=1) > best[part], block.start + cosines.argmax(axis=1), columns[part])
        np.maximum.accumulate(np.maximum(cosines, best[part, None]), axis=1, out=cosines)
        best[part] = cosines[:, -1]
        sums[block] += cosines.sum(axis=0)
    return columns, (best / SCALE**2).astype(np.float32), sums / SCALE**2


def _nearest_other(units: np.ndarray) -> np.ndarray:
    """Return the cosine of each unit row to its nearest other one, (n,) float64, by blocks."""
    nearest = np.empty(len(units))
    for block in parts(len(units), COMPARED):
        cosines = units[block] @ units.T
        np.fill_diagonal(cosines[:, block.start :], -np.inf)
        nearest[block] = cosines.max(axis=1)
    return nearest
