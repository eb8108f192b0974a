"""k-Center Greedy: leave no image far from the selected ones."""

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest, select_by_class
from mmcsod.selection.registry import Method, Task, register_method


@register_method('k-center')
class KCenter(Method):
    """k-Center Greedy (Sener and Savarese, ICLR 2018, reference [24]) on image-level vectors, a class in turn.

    Selected is the image that is farthest, in Euclidean distance, from the nearest selected image of the class. A
    class of which nothing is selected yet draws its first centre: the paper lists this among the random methods.
    """

    uses = ('seed',)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_by_class(task, lambda vectors: _KCenter(vectors, task.rng))


class _KCenter:
    """Keeps the squared distance of each image to the nearest selected one."""

    def __init__(self, vectors: np.ndarray, rng: np.random.Generator) -> None:
        self._vectors = vectors
        self._squares = (vectors**2).sum(axis=1)
        self._rng = rng
        self._distances = np.full(len(vectors), np.inf)

    def best(self, left: np.ndarray) -> int:
        distances = self._distances[left]
        if np.isinf(distances[0]):
            return int(self._rng.choice(left))
        return int(left[first_highest(distances, self._squares.max())])

    def select(self, image: int) -> None:
        distances = self._squares - 2 * (self._vectors @ self._vectors[image]) + self._squares[image]
        np.minimum(self._distances, distances, out=self._distances)
