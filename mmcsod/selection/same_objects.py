"""Whether two images show the same objects in the same places, as their labels say.

Small grey copies cannot tell: on a board that fills the image, a moved piece changes less than a moved camera.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.validation import LabelledImage

Objects: TypeAlias = Callable[[int], 'np.ndarray | None']
"""What gives the objects of an image by its index, as :func:`placed` does; None if its size is not known."""

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


def objects_of_images(images: Sequence[LabelledImage], classes: Mapping[str, int]) -> Objects:
    """Return the objects of labelled images; those of names that are not in ``classes`` are left out."""

    def objects(index: int) -> np.ndarray | None:
        image = images[index]
        known = [row for row, name in enumerate(image.names) if name in classes]
        labels = np.array([classes[image.names[row]] for row in known], np.int64)
        return placed(labels, image.boxes.reshape(-1, 4)[known], np.array(image.size)) if min(image.size) > 0 else None

    return objects


def objects_of_bank(bank: FeatureBank) -> Objects:
    """Return the objects of a bank's images; None for all of a bank without objects or sizes."""
    if bank.objects is None or bank.sizes is None:
        return lambda index: None
    table, sizes = bank.objects, bank.sizes
    starts = np.searchsorted(table['image'], np.arange(len(bank.images) + 1))

    def objects(index: int) -> np.ndarray | None:
        own = table[starts[index] : starts[index + 1]]
        return placed(own['label'], own['box'], sizes[index]) if min(sizes[index]) > 0 else None

    return objects


def same_objects(ones: Objects, others: Objects) -> Callable[[int, int], bool]:
    """Return what says whether two images show the same objects; those whose size is not known pass."""

    def agree(index: int, other: int) -> bool:
        one, two = ones(index), others(other)
        return one is None or two is None or show_the_same(one, two)

    return agree


def show_the_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether :data:`MOST` of the objects of two images, each from :func:`placed`, are in both."""
    number = len(one) + len(other)
    if not len(one) or not len(other):
        return not number
    is_same = one[:, None, 0] == other[None, :, 0]
    is_near = np.hypot(*np.moveaxis(one[:, None, 1:] - other[None, :, 1:], 2, 0)) <= NEAR
    pairs = is_same & is_near
    return bool(pairs.any(axis=1).sum() + pairs.any(axis=0).sum() >= MOST * number)
