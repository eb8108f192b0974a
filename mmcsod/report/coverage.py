"""Coverage of a whole pool over the images of a coreset, where it flattens, and its counterpart, redundancy."""

from collections.abc import Mapping

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.coverage import ClassCoverage, class_coverages
from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import parts, unit_rows

COMPARED = 4096
"""Vectors compared with all others at a time."""

SURE = 0.9
"""Share of the coreset within which a bend of the curve is one."""


def coverage_by_class(bank: FeatureBank, selected: np.ndarray) -> dict[int, ClassCoverage]:
    """Return the coverage of each class by (N,) selected images, by label."""
    pool = Pool(bank, np.unique(bank.labels).tolist())
    return {label: class_coverages(pool, label, [selected])[0] for label in pool.labels}


def coverage_curve(classes: Mapping[int, ClassCoverage]) -> np.ndarray:
    """Return the coverage of all classes by the first 1, 2, ... images, (N,) float64."""
    return np.mean([np.nan_to_num(one.curve) for one in classes.values()], axis=0)


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


def _nearest_other(units: np.ndarray) -> np.ndarray:
    """Return the cosine of each unit row to its nearest other one, (n,) float64, by blocks."""
    nearest = np.empty(len(units))
    for block in parts(len(units), COMPARED):
        cosines = units[block] @ units.T
        np.fill_diagonal(cosines[:, block.start :], -np.inf)
        nearest[block] = cosines.max(axis=1)
    return nearest
