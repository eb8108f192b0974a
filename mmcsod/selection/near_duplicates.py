"""Images that show almost what others show, as frames of a video do, found by their vectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.unit_rows import LARGEST, unit_rows

NEAR = 0.3
"""Distance up to which two images are near-duplicates, as a share of that of two images of the pool at random."""

NEAR_BY_OBJECTS = 0.15
"""The same where there are no vectors of whole images, and objects alone must tell."""

SAMPLE = 1000
"""Vectors whose mean distance is taken."""

BLOCK = 512
"""Images compared with all earlier ones at a time."""

ADVISED = ('classwise-facility-location', 'csod-logdet')
"""Methods that take fewer of them, and were ahead where there are any (``docs/results_repeats.md``)."""

AVOIDING = (*ADVISED, 'csod-mmr')
"""Methods that notice them."""


@dataclass(frozen=True)
class NearDuplicate:
    """An image, and an earlier one that shows almost the same."""

    image_id: str
    earlier_id: str


def find_repeats(bank: FeatureBank, among: Sequence[int] | None = None) -> list[np.ndarray]:
    """Group images that show almost the same.

    Two images are near-duplicates if they hold the same classes and lie close together twice, by their objects and as
    wholes. By objects: 1 - cos of their rows, divided by its mean over two rows of that class and averaged over the
    classes, is at most ``NEAR``. As wholes: so is 1 - cos of their image vectors, divided by its mean over two images.
    So 0 is a copy and 1 is two images of the pool at random, whatever the detector. A bank without image vectors is
    asked for ``NEAR_BY_OBJECTS``. ``docs/selection.md`` says how often that is right. Each group is an image and all
    later ones that are near it and no earlier one; a slow pan does not chain into one group.

    Args:
        bank: The pool.
        among: Indices of the images to look at, in the order in which they come first; all in dataset order by default.

    Returns:
        Indices of the images of each group of two or more, the first ahead; the largest group first.
    """
    order = np.arange(len(bank.images)) if among is None else np.asarray(among, np.int64)
    scales, image_scale = _scales(bank), _image_scale(bank)
    near = NEAR_BY_OBJECTS if bank.image_vectors is None else NEAR
    groups: list[np.ndarray] = []
    for labels, images, rows in _by_classes(bank, order):
        units = _units(bank.vectors[rows.ravel()]).reshape(*rows.shape, -1)
        weights = np.sqrt(scales[list(labels)] / len(labels))[:, None]
        has_directions = np.all(np.any(units, axis=2), axis=1)
        views = [_scaled(units, weights)]
        if bank.image_vectors is not None:
            wholes = _units(_usable(bank.image_vectors[images]))
            has_directions &= np.any(wholes, axis=1)
            views.append(_scaled(wholes, np.sqrt(image_scale)))
        leaders = _leaders([view[has_directions] for view in views], near)
        images = images[has_directions]
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
        advice = '' if coreset.method in AVOIDING else f' The methods {" and ".join(ADVISED)} take fewer of them.'
        yield (
            f'{len(found)} of {len(coreset)} images show almost what an earlier one shows, the first '
            f'{found[0].image_id} beside {found[0].earlier_id}.{advice}'
        )


def _scales(bank: FeatureBank) -> np.ndarray:
    """Return for each class 1 over the mean squared distance between two of its unit rows; 0 where all are one."""
    scales = np.zeros(len(bank.classes))
    for label in np.unique(bank.labels).tolist():
        rows = np.flatnonzero(bank.labels == label)
        scales[label] = _scale(np.asarray(bank.vectors[rows[:: -(-len(rows) // SAMPLE)]]))
    return scales


def _image_scale(bank: FeatureBank) -> float:
    if bank.image_vectors is None or not len(bank.images):
        return 0.0
    return _scale(_usable(bank.image_vectors[:: -(-len(bank.images) // SAMPLE)]))


def _units(vectors: np.ndarray) -> np.ndarray:
    return unit_rows(np.asarray(vectors, np.float64))


def _scaled(units: np.ndarray, weights: np.ndarray | float) -> np.ndarray:
    """Return (n, k) float32 vectors whose squared distances are those of (n, ...) unit vectors, at their weights.

    Works in place. The mean is taken off first, for the distances do not depend on it, and float32 could not hold both
    it and the small differences of vectors that are all alike.
    """
    units -= units.mean(axis=0)
    units *= weights
    return units.reshape(len(units), -1).astype(np.float32)


def _usable(image_vectors: np.ndarray) -> np.ndarray:
    """Return (n, e) with rows of zeros, which have no direction, in place of NaN, infinity and what overflows."""
    vectors = np.asarray(image_vectors)
    return np.where((np.abs(vectors) < LARGEST).all(axis=1, keepdims=True), vectors, 0)


def _scale(vectors: np.ndarray) -> float:
    spread = 2 * _mean_distance(vectors)
    return 1 / spread if spread > 1e-9 else 0.0


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


def _leaders(views: Sequence[np.ndarray], near: float) -> np.ndarray:
    """Return for each image the index of the first leader within ``near``, else its own.

    Args:
        views: Vectors of the images, (n, k) float32 each; two images are as far apart as in the view that parts them
            most, by the squared distance.
        near: How far a leader leads.
    """
    leaders = np.arange(len(views[0]))
    for start in range(0, len(leaders), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(leaders)))
        earlier = np.flatnonzero(leaders[:start] == np.arange(start))
        if len(earlier):
            is_near = _distances(views, block, earlier) <= near
            leaders[block] = np.where(is_near.any(axis=1), earlier[is_near.argmax(axis=1)], block)
        free = block[leaders[block] == block]
        leaders[free] = free[_lead_among(_distances(views, free, free), near)]
    return leaders


def _distances(views: Sequence[np.ndarray], some: np.ndarray, others: np.ndarray) -> np.ndarray:
    farthest = np.zeros((len(some), len(others)), np.float32)
    for view in views:
        squares = np.einsum('ij,ij->i', view, view)
        np.maximum(farthest, squares[some, None] + squares[others] - 2 * view[some] @ view[others].T, out=farthest)
    return farthest


def _lead_among(distances: np.ndarray, near: float) -> np.ndarray:
    """Return who leads each of (n, n) images: the first leads those near it, then the first that is left, and so on."""
    leaders = np.arange(len(distances))
    left = np.ones(len(distances), bool)
    for position in range(len(distances)):
        if left[position]:
            followers = left & (distances[position] <= near)
            leaders[followers] = position
            left &= ~followers
            left[position] = False
    return leaders
