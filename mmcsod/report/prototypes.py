"""How like its class an image's mean vector is, by the number and size of its objects: Table 4 of the paper."""

from __future__ import annotations

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.sizes import SIZES, size_indices
from mmcsod.selection.unit_rows import unit_rows
from mmcsod.util.errors import UserError

COUNTS = ('1', '2-4', '5 or more')
_COUNT_BOUNDS = (2, 5)


def class_objects(bank: FeatureBank, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the objects of a class, (k,) of ``OBJECT_DTYPE``, and their vectors, (k, d) float64.

    Raises:
        UserError: If the bank holds no object vectors.
    """
    if bank.objects is None or bank.object_vectors is None:
        raise UserError(
            'This bank holds no object vectors, which comparing objects needs; extract again with --keep-objects.'
        )
    used = bank.objects[~bank.objects['ignored']]
    chosen = np.flatnonzero(used['label'] == label)
    return used[chosen], np.asarray(bank.object_vectors[chosen], np.float64)


def prototype_cosines(bank: FeatureBank, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine of image prototypes to the class prototype, by object size and count (section 4.5.4).

    The class prototype is the mean of all RoI vectors of the class, an image's prototype of one size the mean of those
    of its objects of the class that have that size. The paper does not say what "object count" counts: here it is the
    objects that the image prototype averages.

    Args:
        bank: A bank with object vectors.
        label: Index of the class.

    Returns:
        (3, 3) float64, the mean cosine for each of ``SIZES`` and each of ``COUNTS``, NaN where there is no image; and
        (3, 3) int, the number of images.

    Raises:
        UserError: If the bank holds no object vectors.
    """
    objects, vectors = class_objects(bank, label)
    keys = objects['image'] * len(SIZES) + size_indices(objects['box'])
    groups, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    means = np.zeros((len(groups), vectors.shape[1]))
    np.add.at(means, inverse, vectors)
    cosines = unit_rows(means) @ unit_rows(vectors.sum(axis=0, keepdims=True))[0]
    cells = (groups % len(SIZES)) * len(COUNTS) + np.searchsorted(_COUNT_BOUNDS, counts, side='right')
    numbers = np.bincount(cells, minlength=9)
    with np.errstate(invalid='ignore'):
        averages = np.bincount(cells, cosines, minlength=9) / numbers
    return averages.reshape(3, 3), numbers.reshape(3, 3)
