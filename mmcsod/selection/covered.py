"""How well rows are covered by selected ones, and what that was before."""

from itertools import accumulate

import numpy as np


class Coverage:
    """The highest cosine of each row to a selected one, and its past, of which only changes are kept.

    Attributes:
        values: (n,) float64; from -1, the lowest cosine, on they only rise. Infinity for copies of a selected row.
    """

    def __init__(self, number: int) -> None:
        self.values = np.full(number, -1.0)
        self._changes: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def version(self) -> int:
        """How often the values have changed."""
        return len(self._changes)

    @property
    def low(self) -> np.ndarray:
        """The values in float32."""
        return self.values.astype(np.float32)

    def update(self, values: np.ndarray) -> None:
        """Take new values, (n,) float64, none of them below the old one."""
        rows = np.flatnonzero(values != self.values)
        self._changes.append((rows, self.values[rows].astype(np.float32)))
        self.values = values

    def most_changed(self) -> list[int]:
        """Return, for each version so far, how many values at most have changed since, and 0 for this one."""
        sizes = (len(rows) for rows, _ in reversed(self._changes))
        return list(accumulate(sizes, initial=0))[::-1]

    def since(self, version: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows whose values have changed since a version, ascending, and what they were then, float32."""
        rows, before = (np.concatenate(each) for each in zip(*self._changes[version:], strict=True))
        changed, first = np.unique(rows, return_index=True)
        return changed, before[first]
