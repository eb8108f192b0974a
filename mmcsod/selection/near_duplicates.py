"""Images that show almost what others show, as frames of a video do, found by their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset
from mmcsod.selection.unit_rows import unit_rows

NEAR = 0.15
"""Distance below which two images are near-duplicates, as a share of that of two images of the pool at random."""

SAMPLE = 1000
"""Rows of a class whose mean distance is taken."""

BLOCK = 512
"""Images compared with all earlier ones at a time."""

AVOIDING = ('csod-logdet', 'csod-distinct', 'csod-mmr', 'csod-typical-first')
"""Methods that notice them."""


@dataclass(frozen=True)
class NearDuplicate:
    """An image, and an earlier one that shows almost the same."""

    image_id: str
    earlier_id: str


def find_repeats(bank: FeatureBank, among: Sequence[int] | None = None) -> list[np.ndarray]:
    """Group images that show almost the same.

    Two images are near-duplicates if they hold the same classes and their rows lie close together: 1 - cos, divided by
    its mean over two rows of that class and averaged over the classes, is at most ``NEAR``. So 0 is a copy and 1 is two
    images of the pool at random, whatever the detector. ``docs/selection.md`` says how often that is right. Each group
    is an image and all later ones that are near it and no earlier one; a slow pan does not chain into one group.

    Args:
        bank: The pool.
        among: Indices of the images to look at, in the order in which they come first; all in dataset order by default.

    Returns:
        Indices of the images of each group of two or more, the first ahead; the largest group first.
    """
    order = np.arange(len(bank.images)) if among is None else np.asarray(among, np.int64)
    scales = _scales(bank)
    groups: list[np.ndarray] = []
    for labels, images, rows in _by_classes(bank, order):
        units = unit_rows(np.asarray(bank.vectors[rows.ravel()])).reshape(*rows.shape, -1)
        has_directions = np.all(np.any(units, axis=2), axis=1)
        weights = np.sqrt(scales[list(labels)] / len(labels)).astype(np.float32)[:, None]
        images = images[has_directions]
        leaders = _leaders((units[has_directions] * weights).reshape(len(images), units[0].size))
        groups += [images[leaders == leader] for leader in np.unique(leaders)]
    return sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), group[0]))


def near_duplicates(bank: FeatureBank, coreset: Coreset) -> list[NearDuplicate]:
    """Return the near-duplicates of a coreset, in pick order, each with the pick that leads its group.

    Args:
        bank: What was selected from.
        coreset: Images of the bank; those without rows are passed over.
    """
    order = [bank.image_index[image] for image in dict.fromkeys(coreset.image_ids)]
    leader = {int(image): int(group[0]) for group in find_repeats(bank, order) for image in group[1:]}
    return [NearDuplicate(bank.images[image], bank.images[leader[image]]) for image in order if image in leader]


def warn_of(bank: FeatureBank, coreset: Coreset) -> Iterator[str]:
    """Yield a sentence on the near-duplicates of a coreset, if there are any."""
    found = near_duplicates(bank, coreset)
    if found:
        advice = '' if coreset.method in AVOIDING else f' The method {AVOIDING[0]} avoids them where it can.'
        yield (
            f'{len(found)} of {len(coreset)} images show almost what an earlier one shows, the first '
            f'{found[0].image_id} beside {found[0].earlier_id}.{advice}'
        )


def _scales(bank: FeatureBank) -> np.ndarray:
    """Return for each class 1 over the mean squared distance between two of its unit rows; 0 where all are one."""
    scales = np.zeros(len(bank.classes))
    for label in np.unique(bank.labels).tolist():
        rows = np.flatnonzero(bank.labels == label)
        spread = 2 * _mean_distance(np.asarray(bank.vectors[rows[:: -(-len(rows) // SAMPLE)]]))
        scales[label] = 1 / spread if spread > 1e-9 else 0
    return scales


def _mean_distance(vectors: np.ndarray) -> float:
    """Return the mean of 1 - cos over two different rows, those of zeros, NaN or infinity left out."""
    units = unit_rows(vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64))
    units = units[units.any(axis=1)]
    number = len(units)
    if number < 2:
        return 0.0
    return float(1 - ((units.sum(axis=0) ** 2).sum() - number) / (number * (number - 1)))


def _by_classes(bank: FeatureBank, order: np.ndarray) -> list[tuple[tuple[int, ...], np.ndarray, np.ndarray]]:
    """Return the sets of classes there are, the images that hold just those, and their rows, (images, classes)."""
    wanted = np.zeros(len(bank.images), bool)
    wanted[order] = True
    rows_of_image: dict[int, list[int]] = defaultdict(list)
    for row in np.argsort(bank.labels, kind='stable').tolist():
        if wanted[bank.rows['image'][row]]:
            rows_of_image[int(bank.rows['image'][row])].append(row)
    buckets: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for image in order.tolist():
        if image in rows_of_image:
            buckets[tuple(bank.labels[rows_of_image[image]].tolist())].append(image)
    return [
        (labels, np.array(images), np.array([rows_of_image[image] for image in images]))
        for labels, images in buckets.items()
        if len(images) > 1
    ]


def _leaders(vectors: np.ndarray) -> np.ndarray:
    """Return for each vector, (n, k) float32, the index of the nearest earlier leader within ``NEAR``, else its own."""
    leaders = np.arange(len(vectors))
    squares = np.einsum('ij,ij->i', vectors, vectors)
    for start in range(0, len(vectors), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(vectors)))
        earlier = np.flatnonzero(leaders[:start] == np.arange(start))
        if len(earlier):
            distances = squares[block, None] + squares[earlier] - 2 * vectors[block] @ vectors[earlier].T
            near = distances.min(axis=1) <= NEAR
            leaders[block[near]] = earlier[distances.argmin(axis=1)[near]]
        _lead_among(vectors, squares, block[leaders[block] == block], leaders)
    return leaders


def _lead_among(vectors: np.ndarray, squares: np.ndarray, free: np.ndarray, leaders: np.ndarray) -> None:
    """Let the first of ``free`` lead those near it, then the first that is left, and so on."""
    distances = squares[free, None] + squares[free] - 2 * vectors[free] @ vectors[free].T
    left = np.ones(len(free), bool)
    for position in range(len(free)):
        if left[position]:
            followers = left & (distances[position] <= NEAR)
            followers[position] = True
            leaders[free[followers]] = free[position]
            left &= ~followers
