"""The class round-robin of Algorithm 1: one image a class in turn, no image twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mmcsod.selection.pool import Pool


class Rotation:
    """The class that selects next, and which images are selected (Alg. 1, lines 11-19).

    Iterating yields the label of the class that selects next, skipping those that have no image left, until none has:
    the class with the smallest (turns + 1) / weight, the first in dataset order of several. With equal weights that is
    Algorithm 1's: classes in dataset order, again and again. A method takes an image before it asks for the next turn::

        for label in task.rotation:
            image = best_of(task.rotation.candidates(label))
            yield task.take(image, label)

    Attributes:
        pool: What is selected from.
        weights: (len(pool.labels),) float64, what the turns of each class are in proportion to.
        taken: (len(bank.images),) bool, the images selected so far, included ones among them.
    """

    def __init__(self, pool: Pool, included: Iterable[int] = (), weights: np.ndarray | None = None) -> None:
        self.pool = pool
        self.weights = np.ones(len(pool.labels)) if weights is None else weights
        self.taken = np.zeros(len(pool.bank.images), bool)
        self._images = {label: pool.images_of_class(label) for label in pool.labels}
        self._place = {label: place for place, label in enumerate(pool.labels)}
        self._left = np.array([len(self._images[label]) for label in pool.labels])
        for image in included:
            self.take(image)

    def __iter__(self) -> Iterator[int]:
        turns = np.zeros(len(self.weights))
        while self._left.any():
            place = int(np.argmin(np.where(self._left > 0, (turns + 1) / self.weights, np.inf)))
            turns[place] += 1
            yield self.pool.labels[place]

    def take(self, image: int) -> None:
        """Mark an image as selected.

        Raises:
            ValueError: If it is selected already.
        """
        if self.taken[image]:
            raise ValueError(f'image {image} is selected already')
        self.taken[image] = True
        for label in self.pool.labels_of_image(image):
            self._left[self._place[label]] -= 1

    def candidates(self, label: int | None = None) -> np.ndarray:
        """Return the images not taken yet, of one class or of all, in dataset order."""
        images = self.pool.images if label is None else self._images[label]
        return images[~self.taken[images]]
