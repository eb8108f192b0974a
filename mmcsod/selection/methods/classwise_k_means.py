"""k-means on class rows: one image for each cluster."""

import warnings
from collections.abc import Iterator
from functools import cached_property

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_class import first_highest
from mmcsod.selection.by_row import Choice, take_own_turns
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import UnitRows


@register_method('classwise-k-means')
class ClasswiseKMeans(Method):
    """Cluster each class's unit rows and take the row nearest to each centre, a class in turn (section 3.5's turns).

    k-means with k-means++ (Arthur and Vassilvitskii, SODA 2007) and as many clusters as the class gets turns. A turn
    takes from the cluster of which the fewest rows are selected, the largest of those, the row nearest to its centre.
    """

    uses = ('seed',)
    nested = False

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        number, weights = max(1, task.target - len(task.included)), task.rotation.weights
        turns = np.ceil(number * weights / weights.sum()).astype(int).tolist()
        states = {
            label: _Clusters(units, task.pool.eligible[task.pool.rows_of_class(label)], most, task.rng)
            for (label, units), most in zip(task.pool.units().items(), turns, strict=True)
        }
        return take_own_turns(task, states)


class _Clusters:
    def __init__(self, units: UnitRows, eligible: np.ndarray, number: int, rng: np.random.Generator) -> None:
        self._units = units
        self._rows = np.flatnonzero(eligible)
        self._left = eligible.copy()
        self._selected = np.zeros(len(eligible), bool)
        self._number = number
        self._rng = rng

    @cached_property
    def _clusters(self) -> tuple[np.ndarray, np.ndarray]:
        """Found at the class's first turn: only there is it certain which random numbers are its own."""
        return clusters(self._units.all(self._rows), self._number, self._rng)

    def best(self) -> Choice:
        own, distances = self._clusters
        left = self._left[self._rows]
        selected = np.bincount(own[self._selected[self._rows]], minlength=self._number)
        sizes, there = np.bincount(own, minlength=self._number), np.unique(own[left])
        cluster = there[np.lexsort((there, -sizes[there], selected[there]))[0]]
        members = np.flatnonzero(left & (own == cluster))
        return Choice(int(self._rows[members[first_highest(-distances[members], 2)]]))

    def bar(self, row: int) -> None:
        self._left[row] = False

    def select(self, row: int) -> None:
        self._left[row] = False
        self._selected[row] = True


def clusters(units: np.ndarray, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's cluster, (m,), and its distance to that cluster's centre, (m,)."""
    from scipy.cluster.vq import kmeans2  # takes longer to import than most selections take

    distinct, own = np.unique(units, axis=0, return_inverse=True)
    if len(distinct) <= number:
        return own.ravel(), np.zeros(len(units))
    with warnings.catch_warnings():  # an empty cluster is no harm: nobody takes from it
        warnings.simplefilter('ignore', UserWarning)
        centres, own = kmeans2(units, number, iter=20, minit='++', rng=rng)
    return own, np.linalg.norm(units - centres[own], axis=1)
