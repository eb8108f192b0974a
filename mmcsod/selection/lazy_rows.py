"""Exact greedy selection that leaves most rows unread, where a selected row can only lower what others are worth.

A class's selected rows become directions, d-vectors of at most unit length. A row's state is a number that its
products with the directions can only lower, and its score rises with its state. So a state that has not seen the
latest directions is an upper bound, and rows whose bound is below the best score need not be read (Minoux's lazy
greedy). States are computed in float32 with a bound on the error; float64 decides among the rows that are left.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import Choice, make_states, take_shared_turns
from mmcsod.selection.kernel_trial import KernelTrial
from mmcsod.selection.kernels import similarities_factory
from mmcsod.selection.kernels.similarities import NumpySimilarities, SimilaritiesFactory
from mmcsod.selection.registry import Task
from mmcsod.selection.shards import gather_records
from mmcsod.selection.unit_rows import UnitRows

FIRST_BLOCK = 64
"""Rows that are brought up to date first; as many again, and twice as many, as long as bounds ask for more."""

TO_CLASS_TIE = 1e-12
ALIKE = 1e-6
"""Spread of the similarity to class below which a class's rows are all alike and rounding would order them."""

ROUNDING = 1e-13
"""More than the same score can differ by when rows are multiplied in other company."""


class Rule(Protocol):
    """How selected rows lower the scores of those that are left.

    Attributes:
        tie: Scores that differ by no more than this are equal: above float64's noise.
        start: State of a unit row before anything is selected.
        start_of_zero: The same for a zero vector.
    """

    tie: float
    start: float
    start_of_zero: float

    def direction(self, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return the (d,) direction that a selected unit row adds to the (k, d) there are, float64."""

    def lower(self, states: np.ndarray, products: np.ndarray) -> np.ndarray:
        """Return the states, (m,), after products with some directions, (m, k)."""

    def error(self, products: np.ndarray, error: float) -> np.ndarray:
        """Bound by how much such a step errs, (m,), where each product errs by at most ``error``."""

    def score(self, quality: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Return the scores of rows, (m,): rising with the states, which may be a little out of range."""

    def quality(self, to_class: np.ndarray) -> np.ndarray:
        """Return what a row's score takes of its similarity to the class, (n,), now."""


def select_lazily(task: Task, rule: Callable[[np.ndarray], Rule]) -> Iterator[Pick]:
    """Select one image a class in turn by a rule, made of which rows of a class take part, (n,) bool."""

    def of_class(units: UnitRows, eligible: np.ndarray, similarities: SimilaritiesFactory) -> LazyRows:
        return LazyRows(units, eligible, rule(eligible), similarities)

    trial: KernelTrial[SimilaritiesFactory] = KernelTrial(task.pool, NumpySimilarities, of_class)
    found = similarities_factory(task.kernel, task.pool.bank.vectors.nbytes // task.world.size, trial)
    states = make_states(task.pool, lambda units, eligible: of_class(units, eligible, found), task.world)
    yield from take_shared_turns(task, states)


class LazyRows:
    """The rows of one class under a rule; processes may share them, see :class:`SharedSelector` in ``by_row``.

    Ties: of the rows whose score is within the rule's tolerance of the highest, the one with the highest similarity
    to class (within 1e-12), of those the first in dataset order.

    Attributes:
        to_class: (n,) float64, each row's mean cosine to the class's rows, itself included.
        rows_read: Products of a row with a direction, counted, float32 and float64.
    """

    def __init__(
        self,
        units: UnitRows,
        eligible: np.ndarray,
        rule: Rule,
        similarities: SimilaritiesFactory = NumpySimilarities,
    ) -> None:
        own = eligible[units.held]
        count = int(np.count_nonzero(eligible))
        self.to_class = gather_records(similarity_to_class(units, own, count)[:, None], units.world)[:, 0]
        self.rows_read = 0
        self._units = units
        self._rule = rule
        self._left = own.copy()
        self._similarities = similarities(units.vectors, units.inverse_norms)
        self._states = np.where(units.inverse_norms > 0, rule.start, rule.start_of_zero)
        self._errors = np.zeros(len(own))
        self._seen = np.zeros(len(own), np.int32)
        self._directions = Directions(units.vectors.shape[1])

    def unit(self, row: int) -> np.ndarray:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        return self._units.unit(row)

    def select(self, row: int, unit: np.ndarray) -> None:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        if self._units.holds(row):
            self._left[row - self._units.held.start] = False
        self._directions.add(self._rule.direction(unit, self._directions.all))

    def bar(self, row: int) -> None:
        """See :class:`mmcsod.selection.by_row.Chooser`."""
        if self._units.holds(row):
            self._left[row - self._units.held.start] = False

    def best(self) -> Choice:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        quality = self._rule.quality(self.to_class)
        own = self._near_best(quality[self._units.held])
        # One at a time: a row's last bits then do not depend on who else is near the best.
        alone = [self._exact_states(own[place : place + 1])[0] for place in range(len(own))]
        records = np.stack([own + self._units.held.start, np.array(alone)], axis=1)
        found = gather_records(records, self._units.world)
        rows, states = found[:, 0].astype(np.int64), found[:, 1]
        scores = self._rule.score(quality[rows], states)
        tied = scores >= scores.max() - self._rule.tie
        tied &= self.to_class[rows] >= self.to_class[rows][tied].max() - TO_CLASS_TIE
        winner = int(np.argmax(tied))
        values = {'likeness': self.to_class[rows], 'novelty': states, 'score': scores}
        return Choice(int(rows[winner]), {name: float(value[winner]) for name, value in values.items()})

    def _near_best(self, quality: np.ndarray) -> np.ndarray:
        """Return the rows of this process whose exact score ties with its highest, ascending."""
        if not self._left.any():
            return np.empty(0, np.int64)
        rows = self._contenders(quality)
        scores = self._rule.score(quality[rows], self._exact_states(rows))
        return rows[scores >= scores.max() - ROUNDING - self._rule.tie]

    def _contenders(self, quality: np.ndarray) -> np.ndarray:
        """Return rows that are left, ascending, among them every one whose exact score may be the highest."""
        upper = np.where(self._left, self._rule.score(quality, self._states + self._errors), -np.inf)
        stale = self._left & (self._seen < len(self._directions))
        fresh = np.flatnonzero(self._left & ~stale)
        floor = self._highest_lower_bound(quality, fresh, -np.inf)
        block = FIRST_BLOCK
        while len(rows := np.flatnonzero(stale & (upper >= floor - self._rule.tie))):
            if len(rows) > block:
                rows = np.sort(rows[np.argpartition(-upper[rows], block)[:block]])
            self._refresh(rows)
            stale[rows] = False
            upper[rows] = self._rule.score(quality[rows], self._states[rows] + self._errors[rows])
            floor = self._highest_lower_bound(quality, rows, floor)
            block *= 2
        return np.flatnonzero(upper >= floor - self._rule.tie)

    def _highest_lower_bound(self, quality: np.ndarray, rows: np.ndarray, floor: float) -> float:
        lower = self._rule.score(quality[rows], self._states[rows] - self._errors[rows])
        return max(floor, float(lower.max(initial=-np.inf)))

    def _refresh(self, rows: np.ndarray) -> None:
        """Bring the states of rows up to date in float32, with a bound on their error."""
        for seen in np.unique(self._seen[rows]):
            alike = rows[self._seen[rows] == seen]
            products = self._similarities.products(alike, self._directions.all[seen:])
            self._states[alike] = self._rule.lower(self._states[alike], products)
            self._errors[alike] += self._rule.error(products, self._similarities.error)
            self.rows_read += products.size
        self._seen[rows] = len(self._directions)

    def _exact_states(self, rows: np.ndarray) -> np.ndarray:
        """Return the states of rows, float64 from the start: they do not depend on what was read before."""
        states = np.where(self._units.inverse_norms[rows] > 0, self._rule.start, self._rule.start_of_zero)
        for part, units in self._units.read(rows):
            states[part] = self._rule.lower(states[part], units @ self._directions.all.T)
        self.rows_read += len(rows) * len(self._directions)
        return states


def similarity_to_class(
    units: UnitRows, eligible: np.ndarray, count: int | None = None, total: np.ndarray | None = None
) -> np.ndarray:
    """Return each row's mean cosine to the eligible rows of its class, itself included, (n,) float64.

    ``count`` and ``total`` are the number and the sum, at unit length, of the rows to compare with, where these are
    others.
    """
    rows, values = np.flatnonzero(eligible), np.zeros(len(eligible))
    total = units.total if total is None else total
    for part, block in units.read(rows):
        values[rows[part]] = np.einsum('ij,j->i', block, total)
    return values / max(1, len(rows) if count is None else count)


class Directions:
    """Vectors that are added one by one, side by side in memory."""

    def __init__(self, dimensions: int) -> None:
        self._vectors: np.ndarray = np.empty((4, dimensions))
        self._number = 0

    def __len__(self) -> int:
        return self._number

    @property
    def all(self) -> np.ndarray:
        """(k, d) float64."""
        return self._vectors[: self._number]

    def add(self, vector: np.ndarray) -> None:
        """Append a (d,) vector."""
        if self._number == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])
        self._vectors[self._number] = vector
        self._number += 1
