"""Scores by the nearest selected row: maximal marginal relevance, and k-center on class rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from mmcsod.records.coreset import Pick
from mmcsod.selection.lazy_rows import select_lazily
from mmcsod.selection.registry import Method, Task, register_method


@register_method('csod-mmr')
@dataclass(frozen=True)
class MaximalMarginalRelevance(Method):
    """Select, class by class in turn, the image with the highest weight * q_i - max over j of cos(p_i, q_j).

    q_i is the mean cosine of row p_i to its class, q_j are the class's selected rows: maximal marginal relevance
    (Carbonell and Goldstein, SIGIR 1998). Turns are those of section 3.5.

    Attributes:
        weight: What the similarity to the class weighs beside the novelty.
    """

    weight: Annotated[float, Meta(ge=0, le=1e6)] = 1.0

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_lazily(task, lambda eligible: Nearest(self.weight))


@register_method('classwise-k-center')
class ClasswiseKCenter(Method):
    """k-Center Greedy (Sener and Savarese, ICLR 2018, reference [24]) on imagewise-classwise rows, a class in turn.

    Selected is the image whose unit row is farthest from the nearest selected one of the class. A class of which
    nothing is selected takes the row that is most like the class, so nothing is drawn.
    """

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_lazily(task, lambda eligible: Nearest(0.0))


class Nearest:
    """The state is 1 - max cosine; see :class:`mmcsod.selection.lazy_rows.Rule`.

    It starts at 2, as if a row of cosine -1, the lowest, were selected, which changes no comparison.
    """

    tie = 1e-12
    start = 2.0
    start_of_zero = 2.0

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def direction(self, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return the row itself."""
        return unit

    def lower(self, states: np.ndarray, products: np.ndarray) -> np.ndarray:
        """Keep the least distance."""
        return np.minimum(states, 1 - products.max(axis=1, initial=-1))

    def error(self, products: np.ndarray, error: float) -> np.ndarray:
        """A maximum errs by no more than what it is of."""
        return np.full(len(products), error)

    def score(self, quality: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Add them."""
        return quality + states

    def quality(self, to_class: np.ndarray) -> np.ndarray:
        """Return the similarity at its weight."""
        return self._weight * to_class
