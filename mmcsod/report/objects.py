"""The objects of single images, each with how near it is to its class: the view of the paper's Figure 7."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.object_ranks import rank_vectors


@dataclass(frozen=True)
class ImageObject:
    """One object, or, from a bank without boxes, all objects of one class in an image.

    Attributes:
        label: Index of its class.
        box: x1, y1, x2, y2 in pixels of the original image; None from a bank without boxes.
        rank: Share of its class that is nearer to the class as a whole: 0 is the best, near 1 the worst. None for an
            object that no vector was made of.
    """

    label: int
    box: tuple[float, float, float, float] | None
    rank: float | None


class ObjectTable:
    """Looks up the objects of an image.

    Where the bank has a vector an object, objects are ranked among all objects of their class; otherwise each has the
    rank of its image's vector among those of the class.

    Attributes:
        by_object: Whether ranks are of single objects.
    """

    def __init__(self, bank: FeatureBank) -> None:
        """Rank everything once."""
        self._bank = bank
        self.by_object = bank.objects is not None and bank.object_vectors is not None
        self._row_ranks = _ranks(bank.vectors, bank.labels)
        self._rows = _Groups(bank.rows['image'], len(bank.images))
        if bank.objects is not None:
            self._objects = _Groups(bank.objects['image'], len(bank.images))
            self._object_ranks = np.full(len(bank.objects), np.nan)
            used = ~bank.objects['ignored']
            if bank.object_vectors is not None:
                self._object_ranks[used] = _ranks(bank.object_vectors, bank.objects['label'][used])

    def of(self, image: int) -> list[ImageObject]:
        """Return the objects of an image, those that training ignores included, in dataset order."""
        rows = {int(self._bank.labels[row]): float(self._row_ranks[row]) for row in self._rows.of(image)}
        if self._bank.objects is None:
            return [ImageObject(label, None, rank) for label, rank in rows.items()]
        return [self._object(int(index), rows) for index in self._objects.of(image)]

    def _object(self, index: int, rows: dict[int, float]) -> ImageObject:
        entry = self._bank.objects[index]  # type: ignore[index]
        label = int(entry['label'])
        rank = float(self._object_ranks[index]) if self.by_object else rows.get(label, np.nan)
        left, top, right, bottom = entry['box'].tolist()
        return ImageObject(label, (left, top, right, bottom), None if entry['ignored'] or np.isnan(rank) else rank)


class _Groups:
    """Positions by the image that they belong to."""

    def __init__(self, images: np.ndarray, num_images: int) -> None:
        self._order = np.argsort(images, kind='stable')
        self._starts = np.searchsorted(images[self._order], np.arange(num_images + 1))

    def of(self, image: int) -> np.ndarray:
        return self._order[self._starts[image] : self._starts[image + 1]]


def _ranks(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    ranks = np.zeros(len(labels))
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        ranks[own] = rank_vectors(np.asarray(vectors[own], np.float64))
    return ranks
