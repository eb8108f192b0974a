"""Object sizes of pool and coreset: Figure 4 and section 4.5.4 of the paper."""

from __future__ import annotations

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError

SIZES = ('small', 'medium', 'large')
BOUNDS = (32.0**2, 96.0**2)
"""Areas, in square pixels of the original image, at which medium and large begin: COCO's."""


def size_indices(boxes: np.ndarray) -> np.ndarray:
    """Return the index into ``SIZES`` of each box.

    Args:
        boxes: (n, 4) float, x1, y1, x2, y2 in pixels of the original image.
    """
    width, height = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).T
    return np.searchsorted(BOUNDS, width * height, side='right')


def size_counts(bank: FeatureBank, images: np.ndarray | None = None) -> np.ndarray:
    """Count the objects of each size, those that training ignores (difficult ones) included.

    Args:
        bank: A bank with its table of objects.
        images: (len(bank.images),) bool, the images to count in; None counts in all.

    Returns:
        (3,) int, in the order of ``SIZES``. Boxes without area are not counted.

    Raises:
        UserError: If the bank has no table of objects.
    """
    if bank.objects is None:
        raise UserError('This bank has no table of objects, which sizes are counted in; extract it with mmcsod select.')
    boxes = bank.objects['box']
    counted = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if images is not None:
        counted &= images[bank.objects['image']]
    return np.bincount(size_indices(boxes[counted]), minlength=len(SIZES))


def kl_divergence(pool: np.ndarray, selected: np.ndarray) -> float:
    """Return KL(pool || selected) in nats, the direction that gives the paper's 0.013 and 0.006 (section 4.5.4).

    Args:
        pool: (k,) counts.
        selected: (k,) counts; infinite divergence where one is 0 and the pool's is not.
    """
    p, q = pool / pool.sum(), selected / selected.sum()
    held = p > 0
    with np.errstate(divide='ignore'):
        return float((p[held] * np.log(p[held] / q[held])).sum())
