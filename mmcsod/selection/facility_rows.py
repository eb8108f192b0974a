"""Facility location on the rows of one class, exact and lazy."""

import math
from collections.abc import Sequence

import numpy as np

from mmcsod.selection.allowance import Allowance
from mmcsod.selection.by_row import Choice
from mmcsod.selection.kernels.similarities import CONVERTED, Near, NumpySimilarities, SimilaritiesFactory
from mmcsod.selection.lazy_rows import similarity_to_class
from mmcsod.selection.neighbours import Neighbours
from mmcsod.selection.shards import gather_records, shard
from mmcsod.selection.unit_rows import UnitRows, parts
from mmcsod.util.distributed import ALONE, World

FEW = 64
"""Rows whose gains are computed first, enough for BLAS; twice as many, and so on, as long as bounds ask for more."""

TIE = 1e-12
"""Gains that differ by no more than this times n are equal."""

COVERED = 1 - 1e-13
"""Coverage that no row can raise by more than a tie: that of copies of a selected row. It is set to ``FULL``."""

FULL = 2.0
"""Above every cosine."""


class FacilityLocation:
    """Lazy greedy (Minoux) over one class's rows: gains only fall, so an old gain is a bound, and few are renewed.

    The gain of row j is the sum over the rows i to cover of max(cos(p_i, p_j) - c_i, 0), where the coverage c_i is the
    highest cosine of row i to a selected row. Coverage starts from -1, the lowest cosine, which changes no comparison.
    Gains come from float32 similarities with a bound on their error, and from float64 where that cannot tell rows
    apart. They are computed for the rows whose bounds ask for it, with all rows to cover, until there is room to keep
    the similarities of all rows to their neighbours, which grow ever fewer. Ties, within 1e-12 of n, go to the first in
    dataset order.

    Where several processes share a class, each looks after the gains of some of its rows, and reads all of them.
    """

    def __init__(
        self,
        units: UnitRows,
        eligible: np.ndarray,
        similarities: SimilaritiesFactory = NumpySimilarities,
        allowance: Allowance | None = None,
        world: World = ALONE,
        step: int = 1,
    ) -> None:
        self._rows = np.flatnonzero(eligible)[::step]  # those to cover
        self._own = shard(len(eligible), 1, world)
        self._units = units
        self._similarities = similarities(units.vectors, units.inverse_norms, self._rows)
        self._neighbours = Neighbours(self._similarities, len(self._rows), allowance or Allowance(0))
        self._world = world
        self._tie = TIE * len(self._rows)
        self._coverage = np.full(len(self._rows), -1.0)
        self._num_covers = 0
        self._upper = np.where(eligible, _first_gains(units, eligible, self._rows), -np.inf)
        self._upper[: self._own.start] = self._upper[self._own.stop :] = -np.inf
        self._lower = self._upper.copy()  # nothing is selected: these are the gains
        self._seen = np.zeros(len(eligible), np.int32)  # which coverage these bounds are for
        self._candidates = self._own.start + np.flatnonzero(eligible[self._own])
        self._new: list[int] = []  # rows selected since the last turn
        self._keeps = False  # whether there is room for everyone's neighbours
        self._found: dict[int, Near] = {}  # the neighbours of the last winner

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
        self._neighbours.drop(row)

    def best(self) -> Choice:
        """See :class:`mmcsod.selection.by_row.SharedSelector`."""
        if self._new:
            self._cover()
        self._settle()
        highest = self._world.gather(self._upper.max(keepdims=True)).max()
        if self._world.size > 1:
            self._settle(highest)  # whoever ties with another process's best
        first = np.flatnonzero(self._upper >= highest - self._tie)[:1]
        winner = int(gather_records(first[:, None], self._world).min())
        return Choice(winner, {'score': self._score(winner)})

    def _cover(self) -> None:
        """Raise the coverage by the rows selected since the last turn, in float64."""
        for part in parts(len(self._new), CONVERTED // max(1, len(self._rows))):
            for row, (places, similarities) in zip(self._new[part], self._near(self._new[part]), strict=True):
                places = places[similarities > self._coverage[places] - self._similarities.error]
                self._coverage[places] = np.maximum(self._coverage[places], self._cosines(row, places))
        self._coverage[self._coverage >= COVERED] = FULL
        self._num_covers += 1
        self._new.clear()
        self._keeps = self._keeps or self._neighbours.fit(self._candidates, self._coverage)

    def _settle(self, highest: float = 0.0) -> None:
        """Narrow the bounds of rows, the highest first, until the highest gain is known, and every one that ties.

        ``highest`` is that of all processes, as far as it is known.
        """
        if self._num_covers == 1 and self._seen[self._candidates].min(initial=1) == 0:
            self._renew(self._candidates)  # no bound from when nothing was selected is of use; pairs are computed once
            for row in self._candidates[self._upper[self._candidates] == -np.inf].tolist():
                self._neighbours.drop(row)
        number, exact = FEW, 1
        while len(rows := self._undecided(highest)):
            is_stale = self._seen[rows] < self._num_covers
            if is_stale[0]:
                self._renew(rows[is_stale][:number])
                number *= 2
            else:
                fresh = rows[~is_stale][:exact]
                self._narrow(fresh, self._exact_gains(fresh))
                exact = min(2 * exact, FEW)

    def _undecided(self, highest: float) -> np.ndarray:
        """Return the rows that may have the highest gain, or tie with it, and whose is not known, highest bound first.

        A gain whose bound is 0 is known: a copy of a selected row is looked at once. So is that of a row without rival.
        """
        lower = np.where(self._seen == self._num_covers, self._lower, np.minimum(self._lower, 0))
        rows = np.flatnonzero(self._upper >= max(highest, lower.max()) - self._tie)
        if len(rows) == self._world.size == 1:
            return rows[:0]
        tolerance = self._tie if max(highest, self._upper.max()) <= self._tie else 0
        rows = rows[self._upper[rows] > lower[rows] + tolerance]
        return rows[np.argsort(-self._upper[rows], kind='stable')]

    def _renew(self, rows: np.ndarray) -> None:
        """Bring the bounds of rows up to date."""
        source = self._neighbours if self._keeps else self._similarities
        self._narrow(rows, *source.gains(rows, self._coverage))

    def _narrow(self, rows: np.ndarray, gains: np.ndarray, errors: np.ndarray | float = 0.0) -> None:
        """Take gains, of the latest coverage, that err by so much at most."""
        self._upper[rows] = np.minimum(self._upper[rows], gains + errors)
        self._lower[rows] = np.minimum(self._upper[rows], np.maximum(gains - errors, 0))
        self._seen[rows] = self._num_covers

    def _near(self, rows: Sequence[int]) -> list[Near]:
        """Return the neighbours of rows, (m,), and perhaps others that were so before."""
        if len(rows) == 1 and rows[0] in self._found:
            return [self._found[rows[0]]]
        return self._neighbours.find(np.array(rows, np.int64), self._coverage)

    def _exact_gains(self, candidates: np.ndarray) -> np.ndarray:
        """Return the gains of rows from float64."""
        near = self._near(candidates.tolist())
        places = np.unique(np.concatenate([places for places, _ in near]))
        units, gains = self._units.all(candidates), np.zeros(len(candidates))
        for part, others in self._units.read(self._rows[places]):
            gains += np.maximum(units @ others.T - self._coverage[places[part]], 0).sum(axis=1)
        return gains

    def _score(self, row: int) -> float:
        """Return the gain of a row, the same to the last bit wherever it is computed: the terms left out are 0."""
        self._found = {row: self._near([row])[0]}
        places, _ = self._found[row]
        return math.fsum(np.maximum(self._cosines(row, places) - self._coverage[places], 0))

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
    return len(rows) * (similarity_to_class(units, eligible, len(rows), total) + 1)
