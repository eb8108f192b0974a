"""ZCore: what random looks at few dimensions find to cover much and to be redundant with little."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from msgspec import Meta

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import Choice, make_states, take_own_turns
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import UnitRows

AtLeastOne = Annotated[int, Meta(ge=1)]


@register_method('zcore')
@dataclass(frozen=True)
class ZCore(Method):
    """ZCore (Griffin, Marks and Corso, 2024, arXiv:2411.15349) on a class's unit rows, a class in turn.

    A look draws two dimensions and a point of them from the triangular distribution of their least, median and
    largest value. The row nearest to the point gains 1; the rows nearest to that row lose 1 among them, in proportion
    to distance^-4, a copy all of it. The highest scores are selected. The paper scores all data at once.

    Attributes:
        samples: Looks at each class; the paper takes a million at all data.
        dimensions: Dimensions of a look; this and the others are the paper's.
        neighbours: Rows that a find makes redundant.
        exponent: How fast that falls with their distance.
    """

    uses = ('seed',)

    samples: AtLeastOne = 10_000
    dimensions: AtLeastOne = 2
    neighbours: AtLeastOne = 1000
    exponent: Annotated[float, Meta(ge=0, le=100)] = 4.0

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        states = make_states(task.pool, lambda units, eligible: _Scores(units, eligible, self, task.rng))
        return take_own_turns(task, states)


class _Scores:
    def __init__(self, units: UnitRows, eligible: np.ndarray, method: ZCore, rng: np.random.Generator) -> None:
        self._method = method
        self._units = units
        self._rows = np.flatnonzero(eligible)
        self._left = eligible.copy()
        self._rng = rng

    @cached_property
    def _scores(self) -> np.ndarray:
        """Scored at the class's first turn: only there is it certain which random numbers are its own."""
        scores = np.full(len(self._left), -np.inf)
        scores[self._rows] = zcore_scores(self._units.all(self._rows), self._rng, self._method)
        return scores

    def best(self) -> Choice:
        row = int(np.argmax(np.where(self._left, self._scores, -np.inf)))
        return Choice(row, {'score': float(self._scores[row])})

    def select(self, row: int) -> None:
        self._left[row] = False

    bar = select


def zcore_scores(vectors: np.ndarray, rng: np.random.Generator, method: ZCore) -> np.ndarray:
    """Return the scores, (m,), of (m, d) vectors."""
    lowest, middle, highest = vectors.min(axis=0), np.median(vectors, axis=0), vectors.max(axis=0)
    spread = np.flatnonzero(highest > lowest)
    scores = np.zeros(len(vectors))
    if len(spread) == 0:
        return scores
    for _ in range(method.samples):
        seen = rng.choice(spread, min(method.dimensions, len(spread)), replace=False)
        look(scores, vectors[:, seen], rng.triangular(lowest[seen], middle[seen], highest[seen]), method)
    return scores


def look(scores: np.ndarray, points: np.ndarray, sample: np.ndarray, method: ZCore) -> None:
    """Change the scores, (m,), in place by one look at points, (m, k)."""
    found = int(np.argmin(np.abs(points - sample).sum(axis=1)))
    scores[found] += 1
    distances = np.abs(points - points[found]).sum(axis=1)
    distances[found] = np.inf
    nearest = np.argsort(distances, kind='stable')[: min(method.neighbours, len(points) - 1)]
    if len(nearest) and distances[nearest[0]] == 0:
        scores[nearest[0]] -= 1
    elif len(nearest):
        loss = (distances[nearest] / distances[nearest[0]]) ** -method.exponent
        scores[nearest] -= loss / loss.sum()
