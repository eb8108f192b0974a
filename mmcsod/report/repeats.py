"""Near-duplicates in the pool, found by their vectors: frames of one scene, shots of one board."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from mmcsod.bank import FeatureBank
from mmcsod.selection.unit_rows import unit_rows

SAME = 0.15
"""Two images repeat each other below this share of the mean squared distance between two images of a class."""

BLOCK = 512


def find_repeats(bank: FeatureBank) -> list[np.ndarray]:
    """Group images that show almost the same.

    Two images repeat each other if they hold the same classes and their unit vectors lie close together: the squared
    distance, divided by the mean squared distance between two rows of that class and averaged over the classes, is at
    most ``SAME``. So 0 is a copy and 1 is two images of the pool at random, whatever the detector. Each group is an
    image and all later ones that repeat it and no earlier one; a slow pan does not chain into one group.

    Args:
        bank: The pool.

    Returns:
        Indices of the images of each group of two or more, in dataset order; the largest group first.
    """
    scales = _scales(bank)
    groups: list[np.ndarray] = []
    for labels, images, rows in _by_classes(bank):
        if len(images) > 1:
            weights = np.sqrt(scales[list(labels)] / len(labels)).astype(np.float32)
            units = unit_rows(np.asarray(bank.vectors[rows.ravel()])).reshape(*rows.shape, -1) * weights[:, None]
            leaders = _leaders(units.reshape(len(images), -1))
            groups += [images[leaders == leader] for leader in np.unique(leaders)]
    return sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), group[0]))


def _scales(bank: FeatureBank) -> np.ndarray:
    """Return for each class 1 over the mean squared distance between two of its unit rows; 0 where all are one."""
    scales = np.zeros(len(bank.classes))
    for label in np.unique(bank.labels):
        units = unit_rows(np.asarray(bank.vectors[np.flatnonzero(bank.labels == label)]))
        spread = 2 * float(np.square(units - units.mean(axis=0)).sum(axis=1).mean())
        scales[label] = 1 / spread if spread > 1e-9 else 0
    return scales


def _by_classes(bank: FeatureBank) -> list[tuple[tuple[int, ...], np.ndarray, np.ndarray]]:
    """Return the sets of classes there are, the images that hold just those, and their rows, (images, classes)."""
    rows_of_image: dict[int, list[int]] = defaultdict(list)
    for row in np.argsort(bank.labels, kind='stable').tolist():
        rows_of_image[int(bank.rows['image'][row])].append(row)
    buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for image in sorted(rows_of_image):
        buckets[tuple(bank.labels[rows_of_image[image]].tolist())].append(image)
    return [
        (labels, np.array(images), np.array([rows_of_image[image] for image in images]))
        for labels, images in buckets.items()
    ]


def _leaders(vectors: np.ndarray) -> np.ndarray:
    """Return for each vector, (n, k) float32, the index of the nearest earlier leader within ``SAME``, else its own."""
    leaders = np.arange(len(vectors))
    squares = np.einsum('ij,ij->i', vectors, vectors)
    for start in range(0, len(vectors), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(vectors)))
        earlier = np.flatnonzero(leaders[:start] == np.arange(start))
        if len(earlier):
            distances = squares[block, None] + squares[earlier] - 2 * vectors[block] @ vectors[earlier].T
            near = distances.min(axis=1) <= SAME
            leaders[block[near]] = earlier[distances.argmin(axis=1)[near]]
        _lead_among(vectors, squares, block[leaders[block] == block], leaders)
    return leaders


def _lead_among(vectors: np.ndarray, squares: np.ndarray, free: np.ndarray, leaders: np.ndarray) -> None:
    """Let the first of ``free`` lead those near it, then the first that is left, and so on."""
    distances = squares[free, None] + squares[free] - 2 * vectors[free] @ vectors[free].T
    left = np.ones(len(free), bool)
    for position in range(len(free)):
        if left[position]:
            followers = left & (distances[position] <= SAME)
            followers[position] = True
            leaders[free[followers]] = free[position]
            left &= ~followers
