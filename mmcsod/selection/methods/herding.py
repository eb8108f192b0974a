"""Herding: keep the mean of the selected images at the mean of the class."""

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest, select_by_class
from mmcsod.selection.registry import Method, Task, register_method


@register_method('herding')
class Herding(Method):
    """Herding (Welling, ICML 2009, reference [30]) on image-level vectors, one image a class in turn.

    Selected is the image that brings the mean of the class's selected images nearest to the mean of the class in
    Euclidean distance, the form that coreset selection commonly gives it.
    """

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_by_class(task, _Herding)


class _Herding:
    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors
        self._squares = (vectors**2).sum(axis=1)
        self._mean = vectors.mean(axis=0)
        self._sum = np.zeros_like(self._mean)
        self._number = 0

    def best(self, left: np.ndarray) -> int:
        wanted = (self._number + 1) * self._mean - self._sum
        nearness = (2 * (self._vectors @ wanted) - self._squares)[left]  # |wanted|^2 less the squared distance
        return int(left[first_highest(nearness, self._squares.max() + wanted @ wanted)])

    def select(self, image: int) -> None:
        self._sum += self._vectors[image]
        self._number += 1
