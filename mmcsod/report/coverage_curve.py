"""How much of the pool the first n images of a coreset cover, for each n: what another image would add."""

from __future__ import annotations

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.unit_rows import unit_rows

SURE = 0.9
"""Share of the picks before whose end a bend is one."""


def coverage_curve(bank: FeatureBank, coreset: Coreset) -> np.ndarray:
    """Return the coverage of the first 1, 2, ... picks, (len(coreset),) float64.

    Coverage is that of :func:`mmcsod.report.similarity.similarity`: the mean over a class's rows of the cosine to the
    nearest selected one, averaged over the classes of the pool; a class of which nothing is selected counts as 0.

    Args:
        bank: The bank it was selected from, which holds all its images.
        coreset: The picks in order.
    """
    place = {bank.image_index[image]: number for number, image in enumerate(coreset.image_ids)}
    labels = np.unique(bank.labels)
    total = np.zeros(len(coreset))
    for label in labels:
        total += _class_curve(bank, int(label), place, len(coreset))
    return total / len(labels)


def _class_curve(bank: FeatureBank, label: int, place: dict[int, int], length: int) -> np.ndarray:
    rows = np.flatnonzero(bank.labels == label)
    units = unit_rows(np.asarray(bank.vectors[rows]))
    places = np.array([place.get(image, length) for image in bank.rows['image'][rows].tolist()])
    chosen = np.flatnonzero(places < length)
    chosen = chosen[np.argsort(places[chosen], kind='stable')]
    nearest, curve = np.full(len(rows), -1.0), np.zeros(length)
    for row in chosen:
        np.maximum(nearest, units @ units[row], out=nearest)
        curve[places[row] :] = nearest.mean()
    return curve


def diminishing_returns(bank: FeatureBank, coreset: Coreset, curve: np.ndarray) -> int | None:
    """Return the number of images from which one more adds less than all that are left do on average.

    That is where the curve is the farthest above a line (Satopaa et al., "Finding a 'Kneedle' in a haystack", ICDCS
    Workshops 2011), here the one from where no class is missing, before which picks add classes and not coverage, to
    the whole pool, which covers itself to 1. So the line does not depend on where the coreset ends.

    Args:
        bank: The bank it was selected from, which holds all its images.
        coreset: The picks in order.
        curve: (len(coreset),) coverage of the first picks.

    Returns:
        The number; None if it is among the last tenth of the picks, for with more of them it may be higher.
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
