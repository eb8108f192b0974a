"""Facility location on the vectors that CSOD selects on: every row of a class should have a selected one like it."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from mmcsod.records.coreset import Pick
from mmcsod.selection.allowance import Allowance
from mmcsod.selection.by_row import Choice, make_states, take_shared_turns
from mmcsod.selection.covered import Coverage
from mmcsod.selection.kernels import similarities_factory
from mmcsod.selection.kernels.similarities import CONVERTED, NumpySimilarities, SimilaritiesFactory
from mmcsod.selection.lazy_rows import likeness
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.shards import gather_records, shard
from mmcsod.selection.trial import Trial
from mmcsod.selection.unit_rows import UnitRows, parts
from mmcsod.util.distributed import ALONE, Group

logger = logging.getLogger('mmcsod')

MAX_COVERED = 70_000
"""Above COCO's largest class: people are in 64,115 images of train2017."""

FEW = 64
"""Rows whose gains are computed first; twice as many, and so on, as long as bounds ask for more."""

GATHERED = 32
"""Rows are gathered from where they lie in the time of so many products with each."""

TIE = 1e-12
"""Gains that differ by no more than this times n are equal."""

COVERED = 1 - 1e-13
"""Coverage that no row can raise by more than a tie: that of copies of a selected row."""


@register_method('classwise-facility-location')
@dataclass(frozen=True)
class ClasswiseFacilityLocation(Method):
    """Maximise f(A) = sum over i of max over j in A of cos(p_i, p_j) on the class's rows, a class in turn.

    Reference [14] (Iyer et al., ALT 2021) gives this function beside graph cut; ``facility-location`` is the same on
    image-level vectors, as section 4.2 has it.

    Attributes:
        max_covered: Rows of a class that the sum is over, at most. Of a larger class it is over every k-th row, with
            the smallest k that will do; any row may be selected all the same.
    """

    turns = 'proportional'

    max_covered: Annotated[int, Meta(ge=1)] = MAX_COVERED

    def num_similarities(self, pool: Pool) -> int:
        """See :meth:`Method.num_similarities`."""
        return sum(number * -(-number // step) for _, number, step in self._classes(pool))

    def warnings(self, pool: Pool) -> Iterator[str]:
        """See :meth:`Method.warnings`; name the classes of which not every row is covered."""
        for name, number, step in self._classes(pool):
            if step > 1:
                yield (
                    f"Class '{name}' has {number} vectors: those to cover are one in {step}, {-(-number // step)} in "
                    'all, while each of its images may be selected (--method-options max_covered=N).'
                )

    def _classes(self, pool: Pool) -> Iterator[tuple[str, int, int]]:
        """Yield the name of each class, how many of its rows take part, and one in how many is to cover."""
        for label in pool.labels:
            number = int(np.count_nonzero(pool.eligible[pool.rows_of_class(label)]))
            yield pool.bank.classes[label], number, one_in(number, self.max_covered)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        allowance = Allowance(task.memory)
        trial: Trial[SimilaritiesFactory] = Trial(task.pool, NumpySimilarities, FacilityLocation)
        similarities = similarities_factory(task.kernel, task.pool.bank.vectors.nbytes, trial)

        def of_class(units: UnitRows, eligible: np.ndarray) -> FacilityLocation:
            step = one_in(int(np.count_nonzero(eligible)), self.max_covered)
            return FacilityLocation(units, eligible, similarities, allowance, task.group, step)

        try:
            yield from take_shared_turns(task, make_states(task.pool, of_class))
        finally:
            logger.info('%s', allowance)


def one_in(number: int, most: int) -> int:
    """Return the smallest k of which every k-th of so many rows are at most ``most``."""
    return max(1, -(-number // most))


class FacilityLocation:
    """Lazy greedy (Minoux) over one class's rows: gains only fall, so an old gain is a bound, and few are renewed.

    The gain of row j is the sum over the rows i to cover of max(cos(p_i, p_j) - c_i, 0), where the coverage c_i is the
    highest cosine of row i to a selected row. Coverage starts from -1, the lowest cosine, which changes no comparison.
    Gains come from float32 similarities with a bound on their error, and from float64 where that cannot tell rows
    apart. Similarities are computed once and kept if there is room. Else they are computed again for the rows whose
    bounds ask for it: with all rows to cover, or with those whose coverage has changed since, if these are few. Ties,
    within 1e-12 of n, go to the first in dataset order.

    Where several processes share a class, each looks after the gains of some of its rows, and reads all of them.
    """

    def __init__(
        self,
        units: UnitRows,
        eligible: np.ndarray,
        similarities: SimilaritiesFactory = NumpySimilarities,
        allowance: Allowance | None = None,
        group: Group = ALONE,
        step: int = 1,
    ) -> None:
        self._rows = np.flatnonzero(eligible)[::step]  # those to cover
        self._own = shard(len(eligible), 1, group)
        self._units = units
        self._similarities = similarities(units.vectors, units.inverse_norms, self._rows)
        self._allowance = allowance or Allowance(0)
        self._group = group
        self._tie = TIE * len(self._rows)
        self._coverage = Coverage(len(self._rows))
        self._upper = np.where(eligible, _first_gains(units, eligible, self._rows), -np.inf)
        self._upper[: self._own.start] = self._upper[self._own.stop :] = -np.inf
        self._lower = self._upper.copy()  # nothing is selected: these are the gains
        self._seen = np.zeros(len(eligible), np.int32)  # which version of the coverage these bounds are for
        self._is_rough = np.zeros(len(eligible), bool)
        self._has_asked = False
        self._new: list[int] = []  # rows selected since the last turn

    def unit(self, row: int) -> np.ndarray:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        unit = self._units.row(row)
        return unit if self._own.start <= row < self._own.stop else np.zeros_like(unit)

    def select(self, row: int, unit: np.ndarray) -> None:
        """See :class:`mmcsod.selection.by_row.SharedSelector`; each process has all rows, so ``unit`` tells nothing."""
        self.bar(row)
        self._new.append(row)

    def bar(self, row: int) -> None:
        """See :class:`mmcsod.selection.by_row.Chooser`."""
        self._upper[row] = self._lower[row] = -np.inf

    def best(self) -> Choice:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        if self._new:
            self._keep()
            self._cover()
        self._settle()
        highest = self._group.gather(self._upper.max(keepdims=True)).max()
        first = np.flatnonzero(self._upper >= highest - self._tie)[:1]
        winner = int(gather_records(first[:, None], self._group).min())
        return Choice(winner, {'score': self._score(winner)})

    def _keep(self) -> None:
        """Have similarities kept, once, if there is room."""
        candidates = self._own.start + np.flatnonzero(self._upper[self._own] > -np.inf)
        if not self._has_asked and self._allowance.take(4 * len(candidates) * len(self._rows)):
            self._similarities.keep(candidates)
        self._has_asked = True

    def _cover(self) -> None:
        """Raise the coverage by the rows selected since the last turn, in float64."""
        covered, new = self._coverage.values.copy(), np.array(self._new)
        for part in parts(len(new), CONVERTED // max(1, len(self._rows))):
            found = self._similarities.near(new[part], self._floor(covered))
            for row, (places, similarities) in zip(new[part].tolist(), found, strict=True):
                places = places[similarities > covered[places] - self._similarities.error]
                covered[places] = np.maximum(covered[places], self._cosines(row, places))
        covered[covered >= COVERED] = np.inf
        self._coverage.update(covered)
        self._new.clear()

    def _settle(self) -> None:
        """Narrow the bounds of rows, the highest first, until the highest gain is known, and every one that ties."""
        number, exact = FEW, 1
        while len(rows := self._undecided()):
            if len(stale := rows[self._seen[rows] < self._coverage.version][:number]):
                self._renew(stale)
                number *= 2
            elif len(rough := rows[self._is_rough[rows]][:FEW]):
                self._compute(rough)
            else:
                self._narrow(rows[:exact], self._exact_gains(rows[:exact]))
                exact = min(2 * exact, FEW)

    def _undecided(self) -> np.ndarray:
        """Return the rows that may have the highest gain, or tie with it, and whose is not known, highest bound first.

        A gain whose bound is 0 is known: a copy of a selected row is looked at once.
        """
        lower = np.where(self._seen == self._coverage.version, self._lower, np.minimum(self._lower, 0))
        may_win = self._upper >= lower.max() - self._tie
        rows = np.flatnonzero(may_win & (self._upper > lower + self._tie))
        return rows[np.argsort(-self._upper[rows], kind='stable')]

    def _renew(self, rows: np.ndarray) -> None:
        """Bring the bounds of rows up to date, those of one version of the coverage at a time."""
        most_changed = np.array(self._coverage.most_changed())
        versions, numbers = np.unique(self._seen[rows], return_counts=True)
        is_less = most_changed[versions] * (numbers + GATHERED) < len(self._rows) * numbers
        is_less &= not self._similarities.is_kept
        for version in versions[is_less]:
            self._correct(rows[self._seen[rows] == version], version)
        self._compute(rows[np.isin(self._seen[rows], versions[~is_less])])

    def _correct(self, rows: np.ndarray, version: int) -> None:
        """Take from the bounds of rows what their gains have lost since a version of the coverage."""
        places, before = self._coverage.since(version)
        lost, errors = self._similarities.gains(rows, before, self._coverage.low[places], places)
        self._is_rough[rows] = True
        self._narrow(rows, self._upper[rows] - lost, errors, self._lower[rows] - lost)

    def _compute(self, rows: np.ndarray) -> None:
        if len(rows):
            gains, errors = self._similarities.gains(rows, self._coverage.low)
            self._is_rough[rows] = False
            self._narrow(rows, gains, errors)

    def _narrow(
        self, rows: np.ndarray, most: np.ndarray, errors: np.ndarray | float = 0.0, least: np.ndarray | None = None
    ) -> None:
        self._upper[rows] = np.minimum(self._upper[rows], most + errors)
        self._lower[rows] = np.minimum(self._upper[rows], np.maximum((most if least is None else least) - errors, 0))
        self._seen[rows] = self._coverage.version

    def _floor(self, covered: np.ndarray) -> np.ndarray:
        return (covered - self._similarities.error).astype(np.float32)

    def _near(self, candidates: np.ndarray) -> list[np.ndarray]:
        """Return, for each of some rows, the places of those to cover whose coverage it may raise."""
        return [places for places, _ in self._similarities.near(candidates, self._floor(self._coverage.values))]

    def _exact_gains(self, candidates: np.ndarray) -> np.ndarray:
        """Return the gains of rows from float64."""
        places = np.unique(np.concatenate(self._near(candidates)))
        units, gains = self._units.all(candidates), np.zeros(len(candidates))
        for part, others in self._units.read(self._rows[places]):
            gains += np.maximum(units @ others.T - self._coverage.values[places[part]], 0).sum(axis=1)
        return gains

    def _score(self, row: int) -> float:
        """Return the gain of a row, the same to the last bit wherever it is computed: the terms left out are 0."""
        (places,) = self._near(np.array([row]))
        return math.fsum(np.maximum(self._cosines(row, places) - self._coverage.values[places], 0))

    def _cosines(self, row: int, places: np.ndarray) -> np.ndarray:
        cosines, unit = np.empty(len(places)), self._units.row(row)
        for part, units in self._units.read(self._rows[places]):
            cosines[part] = np.einsum('ij,j->i', units, unit)
        return cosines


def _first_gains(units: UnitRows, eligible: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the gains of all rows when nothing is selected, (n,) float64."""
    is_covered = np.zeros(len(eligible), bool)
    is_covered[rows] = True
    total = units.total if len(rows) == np.count_nonzero(eligible) else units.sum(is_covered)
    return len(rows) * (likeness(units, eligible, len(rows), total) + 1)
