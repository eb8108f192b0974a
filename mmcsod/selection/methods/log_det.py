"""Quality and diversity: like the class, and new beside all that is selected, whatever its number."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from mmcsod.records.coreset import Pick
from mmcsod.selection.lazy_rows import ALIKE, select_lazily
from mmcsod.selection.registry import Method, Task, register_method


@register_method('csod-logdet')
@dataclass(frozen=True)
class QualityAndDiversity(Method):
    """Select, class by class in turn, the image with the highest weight * z(q_i) + log r_i.

    q_i is the mean cosine of row p_i to its class, z(q) that less its mean and divided by its standard deviation in
    the class. r_i is the squared length of p_i that the class's selected rows, Q's columns, leave unexplained, r_i =
    eps + p_i' (I + Q Q' / eps)^-1 p_i. This is greedy MAP of a determinantal point process with quality and diversity
    (Kulesza and Taskar, Foundations and Trends in Machine Learning 2012, section 3.1; the incremental form after Chen,
    Zhang and Zhou, NeurIPS 2018). Turns are those of section 3.5.

    Attributes:
        epsilon: What even a copy of a selected row has left of its squared length; it keeps the logarithm finite.
        weight: What the similarity to the class weighs beside the novelty.
    """

    epsilon: Annotated[float, Meta(ge=1e-6, le=1)] = 1e-3
    weight: Annotated[float, Meta(ge=0, le=1e6)] = 1.0

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        return select_lazily(task, lambda eligible: LogDet(eligible, self.epsilon, self.weight))


class LogDet:
    """The state is r_i; see :class:`mmcsod.selection.lazy_rows.Rule`.

    With M = (I + Q Q' / eps)^-1, another selected row q makes M' = M - v v' with v = M q / sqrt(eps + q' M q), so r_i
    falls by (p_i . v)^2. |v| < 1 because M is at most the identity.
    """

    tie = 1e-8

    def __init__(self, eligible: np.ndarray, epsilon: float, weight: float) -> None:
        self.start = 1 + epsilon
        self.start_of_zero = epsilon
        self._eligible = eligible
        self._epsilon = epsilon
        self._weight = weight

    def direction(self, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return v; M q is q less its projections on the directions so far."""
        rest = unit - directions.T @ (directions @ unit)
        return rest / np.sqrt(self._epsilon + max(0.0, float(unit @ rest)))

    def lower(self, states: np.ndarray, products: np.ndarray) -> np.ndarray:
        """Subtract the squares."""
        return states - np.einsum('ij,ij->i', products, products)

    def error(self, products: np.ndarray, error: float) -> np.ndarray:
        """Bound the sum of |a'^2 - a^2| over k products by 2 e sqrt(k sum of a'^2) + k e^2 (Cauchy and Schwarz)."""
        number = products.shape[1]
        return 2 * error * np.sqrt(number * np.einsum('ij,ij->i', products, products)) + number * error**2

    def score(self, quality: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Add the logarithm; exact states are never below eps."""
        return quality + np.log(np.maximum(states, self._epsilon))

    def quality(self, to_class: np.ndarray) -> np.ndarray:
        """Return z(q) at its weight, 0 where all rows of the class are alike."""
        among = to_class[self._eligible]
        spread = float(among.std()) if len(among) else 0.0
        if spread < ALIKE:
            return np.zeros(len(to_class))
        return self._weight * (to_class - among.mean()) / spread
