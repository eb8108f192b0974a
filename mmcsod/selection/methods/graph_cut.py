"""Graph cut: like the class, unlike what is selected already."""

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest, select_by_class
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import unit_rows


@register_method('graph-cut')
class GraphCut(Method):
    """Maximise f(A) = lam * sum over i in V, j in A of s_ij - sum over i, j in A of s_ij, one image a class in turn.

    V is the class's images and s their cosine similarity, of image-level vectors: the generalised graph cut of
    reference [14] (Iyer et al., ALT 2021). On the same vectors, 2 lam / (1 + lam) here orders images as lam does in
    Eq. 4, whose first sum leaves the selected images out.
    """

    uses = ('lam',)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_by_class(task, lambda vectors: _GraphCut(vectors, task.lam))


class _GraphCut:
    """The gain of x is x . (lam * sum of V - 2 * sum of A) - 1, so two vectors hold all there is to know."""

    def __init__(self, vectors: np.ndarray, lam: float) -> None:
        self._rows = unit_rows(vectors)
        self._scale = (lam + 2) * len(vectors)
        self._represent = lam * (self._rows @ self._rows.sum(axis=0)) - (self._rows**2).sum(axis=1)
        self._selected = np.zeros(self._rows.shape[1])

    def best(self, left: np.ndarray) -> int:
        gains = self._represent - 2 * (self._rows @ self._selected)
        return int(left[first_highest(gains[left], self._scale)])

    def select(self, image: int) -> None:
        self._selected += self._rows[image]
