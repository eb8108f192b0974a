"""The class round-robin of Algorithm 1: one image a class in turn, no image twice."""

from collections.abc import Iterable, Iterator

import numpy as np

from mmcsod.selection.pool import Pool
from mmcsod.selection.recordings import Cap


class Rotation:
    """The class that selects next, and which images are selected (Alg. 1, lines 11-19).

    Iterating yields the label of the class that selects next, skipping those that have no image left, until none has:
    every class once, then the class with the smallest (turns + 1) / weight, the first in dataset order of several. With
    equal weights that is Algorithm 1's: classes in dataset order, again and again. With others, an included image
    counts as a turn of its class that would be next, so that including a coreset goes on where it ended. A method takes
    an image before it asks for the next turn::

        for label in task.rotation:
            image = best_of(task.rotation.candidates(label))
            yield task.take(image, label)

    Attributes:
        pool: What is selected from.
        weights: (len(pool.labels),) float64, what the turns of each class are in proportion to.
        cap: How many images of one recording may be selected, if that is limited.
        taken: (len(bank.images),) bool, the images selected so far, included ones among them.
        barred: Images, as they came, that are not selected and no longer may be: of recordings that the cap exhausts.
    """

    def __init__(
        self,
        pool: Pool,
        included: Iterable[int] = (),
        weights: np.ndarray | None = None,
        cap: Cap | None = None,
    ) -> None:
        self.pool = pool
        self.weights = np.ones(len(pool.labels)) if weights is None else weights
        self.cap = cap
        self.taken = np.zeros(len(pool.bank.images), bool)
        self.barred: list[int] = []
        self._closed = np.ones(len(pool.bank.images), bool)
        self._closed[pool.images] = False
        self._images = {label: pool.images_of_class(label) for label in pool.labels}
        self._place = {label: place for place, label in enumerate(pool.labels)}
        self._left = np.array([len(self._images[label]) for label in pool.labels])
        self._turns = np.zeros(len(self.weights))
        included = list(included)
        for image in included:
            self._count_turn(image)
            self._take(image)
        for image in included:
            self._bar(image)

    def __iter__(self) -> Iterator[int]:
        while self._left.any():
            place = int(np.argmin(np.where(self._left > 0, self._order(), np.inf)))
            self._turns[place] += 1
            yield self.pool.labels[place]

    def take(self, image: int) -> None:
        """Mark an image as selected.

        Raises:
            ValueError: If it is selected already, or may not be.
        """
        if self._closed[image]:
            raise ValueError(f'image {image} is selected already, or may not be')
        self._take(image)
        self._bar(image)

    def candidates(self, label: int | None = None) -> np.ndarray:
        """Return the images that may be selected next, of one class or of all, in dataset order."""
        images = self.pool.images if label is None else self._images[label]
        return images[~self._closed[images]]

    def _order(self) -> np.ndarray:
        return np.where(self._turns > 0, (self._turns + 1) / self.weights, 0)

    def _count_turn(self, image: int) -> None:
        places = [self._place[label] for label in self.pool.labels_of_image(image)]
        if places and np.ptp(self.weights) > 0:
            self._turns[places[int(np.argmin(self._order()[places]))]] += 1

    def _take(self, image: int) -> None:
        self.taken[image] = True
        self._close(image)

    def _close(self, image: int) -> None:
        self._closed[image] = True
        for label in self.pool.labels_of_image(image):
            self._left[self._place[label]] -= 1

    def _bar(self, image: int) -> None:
        """Close the other images of an image's recording if it is exhausted."""
        if self.cap is None:
            return
        same = np.flatnonzero(self.cap.recordings == self.cap.recordings[image])
        if np.count_nonzero(self.taken[same]) >= self.cap.most:
            for other in same[~self._closed[same]].tolist():
                self._close(other)
                self.barred.append(other)
