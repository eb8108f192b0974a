"""Single objects beside their class: ranks (Figure 7) and prototypes by size and number (Table 4)."""

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.counts import SIZES, size_indices
from mmcsod.report.images import is_turned
from mmcsod.selection.unit_rows import unit_rows
from mmcsod.util.errors import UserError

COUNTS = ('1', '2-4', '5 or more')
_COUNT_BOUNDS = (2, 5)


@dataclass(frozen=True)
class ImageObject:
    """One object, or, from a bank without boxes, all objects of one class in an image.

    Attributes:
        label: Index of its class.
        box: x1, y1, x2, y2 in pixels of the original image; None from a bank without boxes, or if one is not finite.
        rank: Share of its class that is nearer to the class as a whole: 0 is the best, near 1 the worst. None for an
            object that no vector was made of.
    """

    label: int
    box: tuple[float, float, float, float] | None
    rank: float | None


class ObjectTable:
    """Looks up the objects of an image.

    Where the bank has a vector an object (``by_object``), objects are ranked among all objects of their class;
    otherwise each has the rank of its image's vector among those of the class.
    """

    def __init__(self, bank: FeatureBank) -> None:
        """Rank everything once."""
        self._bank = bank
        self.by_object = bank.objects is not None and bank.object_vectors is not None
        self._row_ranks = _ranks(bank.vectors, bank.labels)
        self._rows = _by_image(bank.rows['image'], len(bank.images))
        if bank.objects is not None:
            self._objects = _by_image(bank.objects['image'], len(bank.images))
            self._object_ranks = np.full(len(bank.objects), np.nan)
            used = ~bank.objects['ignored']
            if bank.object_vectors is not None:
                self._object_ranks[used] = _ranks(bank.object_vectors, bank.objects['label'][used])

    def of(self, image: int) -> list[ImageObject]:
        """Return the objects of an image, those that training ignores included, in dataset order."""
        rows = {int(self._bank.labels[row]): float(self._row_ranks[row]) for row in self._rows[image]}
        if self._bank.objects is None:
            return [ImageObject(label, None, rank) for label, rank in rows.items()]
        return [self._object(int(index), rows) for index in self._objects[image]]

    def _object(self, index: int, rows: dict[int, float]) -> ImageObject:
        entry = self._bank.objects[index]  # type: ignore[index]
        label = int(entry['label'])
        rank = float(self._object_ranks[index]) if self.by_object else rows.get(label, np.nan)
        left, top, right, bottom = entry['box'].tolist()
        box = (left, top, right, bottom) if np.isfinite(entry['box']).all() else None
        return ImageObject(label, box, None if entry['ignored'] or np.isnan(rank) else rank)


@dataclass(frozen=True)
class RankedImage:
    """A selected image and its objects of the class at whose turn it was selected.

    Boxes are (k, 4) x1, y1, x2, y2 in pixels of the original image, which EXIF data may ``turn``; ranks, (k,), are the
    share of the class's objects that score higher: 0 is the best, near 1 the worst.
    """

    image_id: str
    boxes: np.ndarray
    ranks: np.ndarray
    turn: bool = True


def rank_objects(bank: FeatureBank, coreset: Coreset, label: int, num_images: int) -> list[RankedImage]:
    """Rank the objects of the first images that a coreset selected at a class's turns.

    Objects are ranked by the first sum of Eq. 4 over all objects of the class, nothing being selected yet, which is
    their rank at lam = 1e10; the ranks do not depend on the coreset. Images without an object of the class in the bank
    are left out.
    """
    objects, vectors = class_objects(bank, label)
    ranks = rank_vectors(vectors)
    turn = bank.classes[label]  # by name: a coreset of another bank may number its classes otherwise
    chosen = [pick.image_id for pick in coreset.picks if pick.label is not None and coreset.classes[pick.label] == turn]
    indices = [bank.image_index[image] for image in chosen]
    masks = [(index, objects['image'] == index) for index in indices]
    return [
        RankedImage(bank.images[index], objects['box'][mask], ranks[mask], is_turned(bank, index))
        for index, mask in masks
        if mask.any()
    ][:num_images]


def rank_vectors(vectors: np.ndarray) -> np.ndarray:
    """Rank (k, d) vectors of one class by the first sum of Eq. 4, nothing being selected.

    Returns:
        (k,) float64, the share of the class that scores higher: 0 is the best, near 1 the worst.
    """
    units = unit_rows(vectors)
    scores = units @ units.sum(axis=0)
    return np.searchsorted(np.sort(-scores), -scores) / max(1, len(scores))


def class_objects(bank: FeatureBank, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the objects of a class, (k,) of ``OBJECT_DTYPE``, and their vectors, (k, d) float64."""
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

    Returns:
        (3, 3) float64, the mean cosine for each of ``SIZES`` and each of ``COUNTS``, NaN where there is no image; and
        (3, 3) int, the number of images.
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


def _by_image(images: np.ndarray, num_images: int) -> list[np.ndarray]:
    """Return the positions of each image's entries."""
    order = np.argsort(images, kind='stable')
    return np.split(order, np.searchsorted(images[order], np.arange(1, num_images)))


def _ranks(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    ranks = np.zeros(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        ranks[own] = rank_vectors(np.asarray(vectors[own], np.float64))
    return ranks
