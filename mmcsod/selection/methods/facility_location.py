"""Facility location: every image should have a selected one that is much like it."""

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest, select_by_class
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import unit_rows

BLOCK = 256
"""Images whose gains are computed at a time."""


@register_method('facility-location')
class FacilityLocation(Method):
    """Maximise f(A) = sum over i in V of max over j in A of s_ij, greedily, one image a class in turn.

    V is the class's images and s their cosine similarity, of image-level vectors. Reference [14] (Iyer et al., ALT
    2021) gives this function beside graph cut.
    """

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_by_class(task, _FacilityLocation)


class _FacilityLocation:
    """Lazy greedy (Minoux): gains only fall, so an old gain is an upper bound and few are computed anew.

    Similarities start from -1, the lowest cosine, which changes no comparison and keeps every gain at 0 or above.
    """

    def __init__(self, vectors: np.ndarray) -> None:
        self._rows = unit_rows(vectors)
        self._covered = np.full(len(vectors), -1.0)
        self._bounds = self._rows @ self._rows.sum(axis=0) + len(vectors)
        self._fresh = np.ones(len(vectors), bool)

    def best(self, left: np.ndarray) -> int:
        order = left[np.argsort(-self._bounds[left], kind='stable')]
        for start in range(0, len(order), BLOCK):
            block = order[start : start + BLOCK]
            stale = block[~self._fresh[block]]
            self._bounds[stale] = self._gains(stale)
            self._fresh[stale] = True
            top = self._bounds[order[: start + BLOCK]].max()
            if (self._bounds[order[start + BLOCK : start + BLOCK + 1]] < top - 1e-11 * len(self._rows)).all():
                break
        fresh = left[self._fresh[left]]
        return int(fresh[first_highest(self._bounds[fresh], len(self._rows))])

    def select(self, image: int) -> None:
        np.maximum(self._covered, self._rows @ self._rows[image], out=self._covered)
        self._fresh[:] = False

    def _gains(self, images: np.ndarray) -> np.ndarray:
        similarities = self._rows @ self._rows[images].T
        return np.maximum(similarities - self._covered[:, None], 0).sum(axis=0)
