"""Whether two images show the same objects in the same places, as their labels say.

Small grey copies cannot tell: on a board that fills the image, a moved piece changes less than a moved camera.
"""

from __future__ import annotations

import numpy as np

NEAR = 0.05
"""Centres of boxes are in one place if they are no farther apart, in shares of the image's sides."""

MOST = 0.5
"""Two images show the same if no fewer of their objects are in both."""


def placed(labels: np.ndarray, boxes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return what objects are and where.

    Args:
        labels: (k,) int, class of each object.
        boxes: (k, 4) float, x1, y1, x2, y2 in pixels.
        size: (2,) width and height of their image in pixels.

    Returns:
        (k, 3) float64: label, and centre in shares of the image's sides.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2 / np.asarray(size)
    return np.column_stack([labels, centres]).astype(np.float64)


def show_the_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether :data:`MOST` of the objects of two images, each from :func:`placed`, are in both."""
    number = len(one) + len(other)
    if not len(one) or not len(other):
        return not number
    is_same = one[:, None, 0] == other[None, :, 0]
    is_near = np.hypot(*np.moveaxis(one[:, None, 1:] - other[None, :, 1:], 2, 0)) <= NEAR
    pairs = is_same & is_near
    return bool(pairs.any(axis=1).sum() + pairs.any(axis=0).sum() >= MOST * number)
