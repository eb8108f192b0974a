"""How many turns each class gets in the class round-robin."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmcsod.selection.classes import find_labels
from mmcsod.selection.pool import Pool
from mmcsod.util.errors import UserError

Turns = str | Mapping[str, float]

RULES = {'equal': 0.0, 'sqrt': 0.5, 'proportional': 1.0}
"""Powers of how many images of the pool show a class."""


def parse_turns(turns: Turns) -> str | dict[str, float]:
    """Return the name of a rule, or weights by class name from a dict or 'A=3,B=1'; a class not named has weight 1."""
    if isinstance(turns, str) and turns in RULES:
        return turns
    pairs = turns.items() if isinstance(turns, Mapping) else (part.rpartition('=')[::2] for part in turns.split(','))
    return {name: _weight(turns, name, value) for name, value in pairs}


def _weight(turns: Turns, name: str, value: Any) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not name or not 0 < weight < math.inf:
        raise UserError(
            f"turns is {turns!r}; give equal, sqrt, proportional, or weights above 0 by class, such as 'A=3,B=1'."
        )
    return weight


def turn_weights(turns: str | Mapping[str, float], pool: Pool) -> np.ndarray:
    """Return the weights of the classes, (len(pool.labels),) float64."""
    if isinstance(turns, str):
        images = np.array([max(1, len(pool.images_of_class(label))) for label in pool.labels], np.float64)
        return images ** RULES[turns]
    find_labels(pool.bank, turns)  # refuses a class that there is not
    return np.array([turns.get(pool.bank.classes[label], 1.0) for label in pool.labels])
