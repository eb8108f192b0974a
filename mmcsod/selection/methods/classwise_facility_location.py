"""Facility location on the vectors that CSOD selects on: every row of a class should have a selected one like it."""

import logging
import math
from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.allowance import Allowance
from mmcsod.selection.by_row import Choice, make_states, take_shared_turns
from mmcsod.selection.kernels import similarities_factory
from mmcsod.selection.kernels.similarities import NumpySimilarities, SimilaritiesFactory
from mmcsod.selection.lazy_rows import likeness
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.shards import gather_records, shard
from mmcsod.selection.trial import Trial
from mmcsod.selection.unit_rows import UnitRows
from mmcsod.util.distributed import ALONE, Group

logger = logging.getLogger('mmcsod')

FEW = 64
"""Rows whose gains are computed first; twice as many, and so on, as long as bounds ask for more."""

TIE = 1e-12
"""Gains that differ by no more than this times n are equal."""

COVERED = 1 - 1e-13
"""Coverage that no row can raise by more than a tie: that of copies of a selected row."""


@register_method('classwise-facility-location')
class ClasswiseFacilityLocation(Method):
    """Maximise f(A) = sum over i of max over j in A of cos(p_i, p_j) on the class's rows, a class in turn.

    Reference [14] (Iyer et al., ALT 2021) gives this function beside graph cut; ``facility-location`` is the same on
    image-level vectors, as section 4.2 has it.
    """

    turns = 'proportional'
    keeps_similarities = True

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        allowance = Allowance(task.memory)
        trial: Trial[SimilaritiesFactory] = Trial(task.pool, NumpySimilarities, FacilityLocation)
        similarities = similarities_factory(task.kernel, task.pool.bank.vectors.nbytes, trial)

        def of_class(units: UnitRows, eligible: np.ndarray) -> FacilityLocation:
            return FacilityLocation(units, eligible, similarities, allowance, task.group)

        try:
            yield from take_shared_turns(task, make_states(task.pool, of_class))
        finally:
            logger.info('%s', allowance)


class FacilityLocation:
    """Lazy greedy (Minoux) over one class's rows: gains only fall, so an old gain is a bound, and few are renewed.

    The gain of row j is the sum over the class's rows i of max(cos(p_i, p_j) - c_i, 0), where the coverage c_i is the
    highest cosine of row i to a selected row. Coverage starts from -1, the lowest cosine, which changes no comparison.
    Gains come from float32 similarities with a bound on their error, and from float64 where that cannot tell rows
    apart. Similarities are computed once and kept if there is room, else computed again for the rows whose bounds ask
    for it. Ties, within 1e-12 of n, go to the first in dataset order.

    Where several processes share a class, each looks after the gains of some of its rows, and reads all of them.
    """

    def __init__(
        self,
        units: UnitRows,
        eligible: np.ndarray,
        similarities: SimilaritiesFactory = NumpySimilarities,
        allowance: Allowance | None = None,
        group: Group = ALONE,
    ) -> None:
        count, self._own = int(eligible.sum()), shard(len(eligible), 1, group)
        self._units = units
        self._similarities = similarities(units.vectors, units.inverse_norms)
        self._allowance = allowance or Allowance(0)
        self._group = group
        self._tie = TIE * count
        self._covered = np.where(eligible, -1.0, np.inf)
        self._upper = np.where(eligible, count * (likeness(units, eligible) + 1), -np.inf)
        self._upper[: self._own.start] = self._upper[self._own.stop :] = -np.inf
        self._lower = self._upper.copy()  # nothing is selected: these are the gains
        self._is_stale = np.zeros(len(eligible), bool)
        self._has_asked = False
        self._new: dict[int, np.ndarray] = {}  # rows selected since the last turn, at unit length

    def unit(self, row: int) -> np.ndarray:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        unit = self._units.row(row)
        return unit if self._own.start <= row < self._own.stop else np.zeros_like(unit)

    def select(self, row: int, unit: np.ndarray) -> None:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        self._upper[row] = self._lower[row] = -np.inf
        self._new[row] = unit

    def bar(self, row: int) -> None:
        """See :class:`mmcsod.selection.by_row.Chooser`."""
        self._upper[row] = self._lower[row] = -np.inf

    def best(self) -> Choice:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        if self._new:
            self._cover()
        self._settle()
        highest = self._group.gather(self._upper.max(keepdims=True)).max()
        first = np.flatnonzero(self._upper >= highest - self._tie)[:1]
        winner = int(gather_records(first[:, None], self._group).min())
        return Choice(winner, {'score': self._score(winner)})

    def _cover(self) -> None:
        """Raise the coverage by the rows selected since the last turn, in float64."""
        if not self._has_asked and self._allowance.take(4 * (self._own.stop - self._own.start) * len(self._covered)):
            self._similarities.keep(self._own)
        self._has_asked = True
        found = self._similarities.near(np.array(list(self._new)), self._floor())
        for unit, (rows, similarities) in zip(self._new.values(), found, strict=True):
            rows = rows[similarities > self._covered[rows] - self._similarities.error]
            self._covered[rows] = np.maximum(self._covered[rows], self._cosines(unit, rows))
        self._covered[self._covered >= COVERED] = np.inf
        self._new.clear()
        self._is_stale[:] = True
        np.minimum(self._lower, 0, out=self._lower)

    def _settle(self) -> None:
        """Narrow the bounds of rows, the highest first, until the highest gain is known, and every one that ties."""
        number, covered = FEW, self._covered.astype(np.float32)
        while len(rows := self._undecided()):
            if len(stale := rows[self._is_stale[rows]][:number]):
                self._narrow(stale, *self._similarities.gains(stale, covered))
                number *= 2
            else:
                self._narrow(rows[:FEW], self._exact_gains(rows[:FEW]))

    def _undecided(self) -> np.ndarray:
        """Return the rows that may have the highest gain, or tie with it, and whose is not known, highest bound first.

        A gain whose bound is 0 is known: a copy of a selected row is looked at once.
        """
        may_win = self._upper >= self._lower.max() - self._tie
        rows = np.flatnonzero(may_win & (self._upper > self._lower + self._tie))
        return rows[np.argsort(-self._upper[rows], kind='stable')]

    def _narrow(self, rows: np.ndarray, gains: np.ndarray, errors: np.ndarray | float = 0.0) -> None:
        self._upper[rows] = np.minimum(self._upper[rows], gains + errors)
        self._lower[rows] = np.minimum(self._upper[rows], np.maximum(gains - errors, 0))
        self._is_stale[rows] = False

    def _floor(self) -> np.ndarray:
        return (self._covered - self._similarities.error).astype(np.float32)

    def _near(self, candidates: np.ndarray) -> list[np.ndarray]:
        """Return, for each of some rows, the rows whose coverage it may raise."""
        return [rows for rows, _ in self._similarities.near(candidates, self._floor())]

    def _exact_gains(self, candidates: np.ndarray) -> np.ndarray:
        """Return the gains of rows from float64."""
        rows = np.unique(np.concatenate(self._near(candidates)))
        units, gains = np.concatenate([part for _, part in self._units.read(candidates)]), np.zeros(len(candidates))
        for part, others in self._units.read(rows):
            gains += np.maximum(units @ others.T - self._covered[rows[part]], 0).sum(axis=1)
        return gains

    def _score(self, row: int) -> float:
        """Return the gain of a row, the same to the last bit wherever it is computed: the terms left out are 0."""
        (rows,) = self._near(np.array([row]))
        return math.fsum(np.maximum(self._cosines(self._units.row(row), rows) - self._covered[rows], 0))

    def _cosines(self, unit: np.ndarray, rows: np.ndarray) -> np.ndarray:
        cosines = np.empty(len(rows))
        for part, units in self._units.read(rows):
            cosines[part] = np.einsum('ij,j->i', units, unit)
        return cosines
