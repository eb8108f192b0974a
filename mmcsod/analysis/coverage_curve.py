"""How much of the pool the first n images of a coreset cover, for each n: what another image would add."""

from __future__ import annotations

import numpy as np

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset
from mmcsod.selection.unit_rows import unit_rows


def coverage_curve(bank: FeatureBank, coreset: Coreset) -> np.ndarray:
    """Return the coverage of the first 1, 2, ... picks, (len(coreset),) float64.

    Coverage is that of :func:`mmcsod.analysis.similarity.similarity`: the mean over a class's rows of the cosine to the
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


def diminishing_returns(curve: np.ndarray) -> int:
    """Return the number of images at which a curve bends most: the farthest above the line between its ends.

    Satopaa et al., "Finding a 'Kneedle' in a haystack" (ICDCS Workshops 2011). It depends on where the curve ends.

    Args:
        curve: (n,) coverage of the first 1 to n images.
    """
    line = np.linspace(curve[0], curve[-1], len(curve))
    return int(np.argmax(curve - line)) + 1
