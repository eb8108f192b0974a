"""The rotation of Algorithm 1: one image a class in turn, no image twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mmcsod.selection.pool import Pool


class Rotation:
    """Whose turn it is, and which images are taken (Alg. 1, lines 11-19).

    Iterating yields the label whose turn it is: classes in dataset order, again and again, skipping those that have
    no image left, until none has. A method takes an image before it asks for the next turn::

        for label in task.rotation:
            image = best_of(task.rotation.candidates(label))
            yield task.take(image, label)

    Attributes:
        pool: What is selected from.
        taken: (len(bank.images),) bool, the images selected so far, included ones among them.
    """

    def __init__(self, pool: Pool, included: Iterable[int] = ()) -> None:
        self.pool = pool
        self.taken = np.zeros(len(pool.bank.images), bool)
        self._images = {label: pool.images_of_class(label) for label in pool.labels}
        self._left = {label: len(images) for label, images in self._images.items()}
        for image in included:
            self.take(image)

    def __iter__(self) -> Iterator[int]:
        while any(self._left.values()):
            for label in self.pool.labels:
                if self._left[label]:
                    yield label

    def take(self, image: int) -> None:
        """Mark an image as selected.

        Raises:
            ValueError: If it is selected already.
        """
        if self.taken[image]:
            raise ValueError(f'image {image} is selected already')
        self.taken[image] = True
        for label in self.pool.labels_of_image(image):
            self._left[label] -= 1

    def candidates(self, label: int | None = None) -> np.ndarray:
        """Return the images not taken yet, of one class or of all, in dataset order."""
        images = self.pool.images if label is None else self._images[label]
        return images[~self.taken[images]]
