"""Images that show nearly the same, as frames of a video do: alike in their vectors and in their pixels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.pixels import details, same_place
from mmcsod.selection.projected import Projected
from mmcsod.selection.unit_rows import parts

NEAR = 0.3
"""Distance up to which two images are near-duplicates, as a share of that of two images of the pool at random."""

NEAR_BY_OBJECTS = 0.15
"""The same in banks without image vectors, where objects alone must tell."""

BLOCK = 512
"""Images compared with all earlier ones at a time."""

MOST_IMAGES = 50_000
"""Images of a pool, at most, all of which are compared with each other: that grows with their square, and took 109 s
for 100,000 of one class on one thread."""

PAIRS = 2048
"""Pairs of images whose pixels are compared at a time."""

ADVISED = ('classwise-facility-location', 'csod-logdet')
"""Methods that select fewer of them (``results/repeats.md``)."""

AVOIDING = (*ADVISED, 'csod-mmr')
"""Methods that take them into account."""

NO_PIXELS = 'This bank is without pixels, so that they are told by vectors alone; extract anew to compare pixels, too.'


@dataclass(frozen=True)
class NearDuplicate:
    """An image, and an earlier one that shows nearly the same."""

    image_id: str
    earlier_id: str


def find_clusters(
    bank: FeatureBank, order: Sequence[int] | np.ndarray, num_leaders: int | None = None
) -> list[np.ndarray]:
    """Cluster near-duplicates.

    Two images are near-duplicates if they hold the same classes, are alike in their vectors and are of one place in
    their pixels (:func:`mmcsod.selection.pixels.same_place`). Vectors are compared twice: 1 - cos of the rows of each
    class, divided by its mean over two rows of that class and averaged over the classes, is at most ``NEAR``; so is
    1 - cos of the image vectors, divided by its mean over two images. So 0 is a copy and 1 two images at random,
    whatever the detector. A bank without image vectors is asked for ``NEAR_BY_OBJECTS``, one without pixels for the
    vectors alone. Each cluster is an image and all later ones that are near it and no earlier one; so a slow pan does
    not chain into one cluster, and what comes first does not depend on what follows.

    Args:
        bank: The pool.
        order: Indices of the images to look at, in the order in which they come first.
        num_leaders: Only so many of them, the first, are compared with the others; by default all are.

    Returns:
        Indices of the images of each cluster of two or more, the first ahead; the largest cluster first.
    """
    order = np.asarray(order, np.int64)
    views = _Views(bank, order)
    may_lead = np.zeros(len(bank.images), bool)
    may_lead[order[:num_leaders]] = True
    clusters: list[np.ndarray] = []
    for images, rows in _by_classes(bank, order):
        leaders = _leaders(_Bucket(views, images, rows), int(may_lead[images].sum()))
        clusters += [images[leaders == leader] for leader in np.unique(leaders)]
    return sorted(
        (cluster for cluster in clusters if len(cluster) > 1), key=lambda cluster: (-len(cluster), cluster[0])
    )


def pool_clusters(bank: FeatureBank, coreset: Coreset) -> list[np.ndarray]:
    """Return the clusters of the whole pool, the selected images first, so that they lead as in ``near_duplicates``.

    Of more than ``MOST_IMAGES`` images, only the clusters that hold a selected image.
    """
    selected = [bank.image_index[image] for image in coreset.image_ids]
    rest = np.setdiff1d(np.arange(len(bank.images)), selected)
    order = np.concatenate([np.array(selected, np.int64), rest])
    return find_clusters(bank, order, None if len(order) <= MOST_IMAGES else len(selected))


def near_duplicates(bank: FeatureBank, coreset: Coreset) -> list[NearDuplicate]:
    """Return the near-duplicates of a coreset in its order, each with the selected image that leads its cluster."""
    order = [bank.image_index[image] for image in coreset.image_ids]
    leader = {int(image): int(cluster[0]) for cluster in find_clusters(bank, order) for image in cluster[1:]}
    return [NearDuplicate(bank.images[image], bank.images[leader[image]]) for image in order if image in leader]


def warn_of(bank: FeatureBank, coreset: Coreset) -> Iterator[str]:
    """Yield a warning of the near-duplicates of a coreset, if there are any."""
    found = near_duplicates(bank, coreset)
    if found:
        first, advice = found[0], '' if coreset.method in AVOIDING else f' {" and ".join(ADVISED)} select fewer.'
        note = '' if bank.pixels is not None else f' {NO_PIXELS}'
        yield (
            f'{len(found)} of {len(coreset)} images are near-duplicates of an earlier selected image, first '
            f'{first.image_id} of {first.earlier_id}.{advice}{note}'
        )


class _Views:
    """What images of a bank are compared by."""

    def __init__(self, bank: FeatureBank, order: np.ndarray) -> None:
        self.near = NEAR_BY_OBJECTS if bank.image_vectors is None else NEAR
        self.pixels = bank.pixels
        wanted = np.zeros(len(bank.images), bool)
        wanted[order] = True
        rows = np.flatnonzero(wanted[bank.rows['image']])
        self.labels = bank.labels
        nowhere = np.zeros(0, np.int64)
        self.objects = Projected(bank.vectors, rows if bank.image_vectors is None else nowhere)
        self.scales = np.zeros(len(bank.classes))
        for label in np.unique(bank.labels[rows]).tolist():
            self.scales[label] = self.objects.scale(np.flatnonzero(bank.labels == label))
        self.wholes = None if bank.image_vectors is None else Projected(bank.image_vectors, np.sort(order))
        self.whole_scale = 0.0 if self.wholes is None else self.wholes.scale(np.arange(len(bank.images)))


class _Bucket:
    """(n,) images of the same classes, with their rows, (n, classes)."""

    def __init__(self, views: _Views, images: np.ndarray, rows: np.ndarray) -> None:
        self._views, self.images, self._rows = views, images, rows
        self._weights = views.scales[views.labels[rows[:1].ravel()]] / max(1, rows.shape[1])
        self._details = None if views.pixels is None else details(views.pixels[images]).astype(np.float16)
        self._coarse = self._project()
        self._squares = np.square(self._coarse).sum(axis=1)

    def _project(self) -> np.ndarray:
        """Return (n, k) float32 whose squared distances are at most those of one view."""
        if self._views.wholes is not None:
            return self._views.wholes.projections(self.images) * np.float32(np.sqrt(self._views.whole_scale))
        parts = self._views.objects.projections(self._rows.ravel()).reshape(*self._rows.shape, -1)
        return (parts * np.sqrt(self._weights, dtype=np.float32)[:, None]).reshape(len(self.images), -1)

    def near(self, some: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return which of some images are near which of others, or, of the same, of later ones: (some, others) bool."""
        products = self._coarse[some] @ self._coarse[others].T
        maybe = self._squares[some, None] + self._squares[others] - 2 * products <= self._views.near + 1e-3
        maybe = np.triu(maybe, 1) if some is others else maybe
        for part in parts(len(others), BLOCK):
            columns = part.start + np.flatnonzero(maybe[:, part].any(axis=0))
            rows = np.flatnonzero(maybe[:, columns].any(axis=1))
            maybe[np.ix_(rows, columns)] &= self._are_alike(some[rows], others[columns])
        return maybe

    def _are_alike(self, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return which images are near in all vectors, (ones, others) bool."""
        views = self._views
        apart = np.zeros((len(ones), len(others)))
        for rows, weight in zip(self._rows.T, self._weights, strict=True):
            apart += views.objects.distances(rows[ones], rows[others], weight)
        if views.wholes is not None:
            wholes = views.wholes.distances(self.images[ones], self.images[others], views.whole_scale)
            np.maximum(apart, wholes, out=apart)
        return apart <= views.near

    def of_one_place(self, some: np.ndarray, others: np.ndarray, is_near: np.ndarray) -> np.ndarray:
        """Return which of those that are near in their vectors, (some, others) bool, are so in their pixels, too."""
        if self._details is None:
            return is_near
        result = is_near.copy()
        ones, twos = np.nonzero(is_near)
        for pairs in parts(len(ones), PAIRS):
            one, two = ones[pairs], twos[pairs]
            result[one, two] = same_place(self._details[some[one]], self._details[others[two]])
        return result


def _by_classes(bank: FeatureBank, order: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the images that hold the same classes, and their rows, (images, classes), for each set of classes."""
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
        (np.array(images), np.array([rows_of_image[image] for image in images]))
        for images in buckets.values()
        if len(images) > 1
    ]


def _leaders(bucket: _Bucket, num_leaders: int) -> np.ndarray:
    """Return for each image the index of the first leader that it is near, else its own; only the first may lead."""
    leaders = np.arange(len(bucket.images))
    for start in range(0, len(leaders), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(leaders)))
        ahead = min(start, num_leaders)
        earlier = np.flatnonzero(leaders[:ahead] == np.arange(ahead))
        if len(earlier):
            is_near = bucket.of_one_place(block, earlier, bucket.near(block, earlier))
            leaders[block] = np.where(is_near.any(axis=1), earlier[is_near.argmax(axis=1)], block)
        if start < num_leaders:
            free = block[leaders[block] == block]
            leaders[free] = _lead_among(bucket, free, num_leaders)
    return leaders


def _lead_among(bucket: _Bucket, images: np.ndarray, num_leaders: int) -> np.ndarray:
    """Return who leads each image: the first leads those near it, then the first that is left, and so on."""
    is_near = bucket.near(images, images)
    leaders = images.copy()
    for position, image in enumerate(images):
        if leaders[position] == image and image < num_leaders:
            maybe = np.flatnonzero(is_near[position] & (leaders == images))
            row = bucket.of_one_place(images[position : position + 1], images[maybe], np.ones((1, len(maybe)), bool))
            leaders[maybe[row[0]]] = image
    return leaders
