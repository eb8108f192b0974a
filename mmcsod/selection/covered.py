"""How well rows are covered by selected ones, and what that was before."""

from collections.abc import Iterator

import numpy as np

from mmcsod.selection.kernels.similarities import Window


class Coverage:
    """The highest cosine of each row to a selected one, and its past, of which only changes are kept.

    Attributes:
        values: (n,) float64; from -1, the lowest cosine, on they only rise.
    """

    def __init__(self, number: int) -> None:
        self.values = np.full(number, -1.0)
        self._changes: list[tuple[np.ndarray, np.ndarray]] = []
        self._changed = np.zeros(number, np.int32)  # the version of each value's last change

    @property
    def version(self) -> int:
        """How often values have changed."""
        return len(self._changes)

    def update(self, values: np.ndarray) -> None:
        """Take new values, (n,) float64, none of them below the old one."""
        rows = np.flatnonzero(values != self.values)
        self._changes.append((rows, self.values[rows].astype(np.float32)))
        self._changed[rows] = self.version
        self.values = values

    def num_changed(self, versions: np.ndarray) -> np.ndarray:
        """Return how many values have changed since each of some versions."""
        numbers = np.bincount(self._changed, minlength=self.version + 1)
        return len(self.values) - np.cumsum(numbers)[versions]

    @property
    def now(self) -> Window:
        """All similarities above the coverage."""
        return Window(self.values.astype(np.float32)[None])

    def since(self, versions: np.ndarray) -> Window:
        """Return where similarities are above the coverage of old versions, (m,), and not above that of today."""
        wanted, line = np.unique(versions, return_inverse=True)
        places = np.flatnonzero(self._changed > wanted[0])
        lows = [past[places] for version, past in self._back_to(wanted[0]) if version in wanted]
        return Window(np.stack(lows[::-1]), self.values[places].astype(np.float32), places, line)

    def _back_to(self, oldest: int) -> Iterator[tuple[int, np.ndarray]]:
        """Yield earlier versions, the latest first, and the values of each in float32, overwritten by the next."""
        past = self.values.astype(np.float32)
        for version in range(self.version - 1, oldest - 1, -1):
            rows, before = self._changes[version]
            past[rows] = before
            yield version, past
