"""Quality and diversity: like the class, and new beside all that is selected, whatever its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import select_shared
from mmcsod.selection.lazy_rows import SAME_LIKENESS, LazyRows
from mmcsod.selection.registry import Task, register_method

EPSILON = 1e-3
"""What even a copy of a selected row has left of its squared length; it keeps the logarithm finite."""

FIRST_ROUNDS = 3.0
"""How much more than later on the likeness weighs in the first round of ``csod-typical-first``."""


@register_method('csod-logdet')
def log_det(task: Task) -> Iterator[Pick]:
    """Pick, class by class in turn, the image with the highest z(q_i) + log r_i.

    q_i is the mean cosine of row p_i to its class, z(q) that less its mean and divided by its standard deviation in
    the class. r_i is the squared length of p_i that the class's selected rows, Q's columns, leave unexplained, r_i =
    eps + p_i' (I + Q Q' / eps)^-1 p_i. This is greedy MAP of a determinantal point process with quality and diversity
    (Kulesza and Taskar, Foundations and Trends in Machine Learning 2012, section 3.1; the incremental form after Chen,
    Zhang and Zhou, NeurIPS 2018). Turns are those of section 3.5.
    """
    return _select(task, lambda: 1.0)


@register_method('csod-typical-first')
def typical_first(task: Task) -> Iterator[Pick]:
    """Pick as ``csod-logdet`` does, with z(q_i) times 1 + 3 / t^2 in round t of the rotation (section 3.5).

    With one image of a class, the most typical one is worth most, and only later images gain from being unlike those
    that are there already (Hacohen, Dekel and Weinshall, ICML 2022, show this for active learning). Round t is one
    more than the whole rounds that the selected images make up, included ones among them.
    """
    num_classes = len(task.pool.labels)

    def weight() -> float:
        return 1 + FIRST_ROUNDS / (1 + int(task.rotation.taken.sum()) // num_classes) ** 2

    return _select(task, weight)


def _select(task: Task, weight: Callable[[], float]) -> Iterator[Pick]:
    return select_shared(task, lambda units, eligible: LazyRows(units, eligible, LogDet(eligible, weight)))


class LogDet:
    """The state is r_i; see :class:`mmcsod.selection.lazy_rows.Rule`.

    With M = (I + Q Q' / eps)^-1, another selected row q makes M' = M - v v' with v = M q / sqrt(eps + q' M q), so r_i
    falls by (p_i . v)^2. |v| < 1 because M is at most the identity.
    """

    tie = 1e-8
    start = 1 + EPSILON
    start_of_zero = EPSILON

    def __init__(self, eligible: np.ndarray, weight: Callable[[], float]) -> None:
        self._eligible = eligible
        self._weight = weight

    def direction(self, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Return v; M q is q less its projections on the directions so far."""
        rest = unit - directions.T @ (directions @ unit)
        return rest / np.sqrt(EPSILON + max(0.0, float(unit @ rest)))

    def lower(self, states: np.ndarray, products: np.ndarray) -> np.ndarray:
        """Subtract the squares."""
        return states - np.einsum('ij,ij->i', products, products)

    def error(self, products: np.ndarray, error: float) -> np.ndarray:
        """Bound the sum of |a'^2 - a^2| over k products by 2 e sqrt(k sum of a'^2) + k e^2 (Cauchy and Schwarz)."""
        number = products.shape[1]
        return 2 * error * np.sqrt(number * np.einsum('ij,ij->i', products, products)) + number * error**2

    def score(self, quality: np.ndarray, states: np.ndarray) -> np.ndarray:
        """Add the logarithm; exact states are never below eps."""
        return quality + np.log(np.maximum(states, EPSILON))

    def quality(self, likeness: np.ndarray) -> np.ndarray:
        """Return z(q) at its weight, 0 where all rows of the class are alike."""
        among = likeness[self._eligible]
        spread = float(among.std()) if len(among) else 0.0
        if spread < SAME_LIKENESS:
            return np.zeros(len(likeness))
        return self._weight() * (likeness - among.mean()) / spread
