"""Which rows of a class each of several processes holds, and sums that do not depend on it."""

import numpy as np

from mmcsod.util.distributed import ALONE, World

FEW = 4
"""Candidates of a process that go into the first exchange of a turn."""


def shard(num_rows: int, step: int, world: World, turn: int = 0) -> slice:
    """Return the consecutive rows of a class that this process holds, whole blocks of ``step`` rows.

    A block is never split, so that its sum is the same wherever it is made. ``turn`` is any number of the class, so
    that small classes go to different processes.
    """
    blocks = -(-num_rows // step)
    begin, end = ((blocks * rank + turn % world.size) // world.size for rank in (world.rank, world.rank + 1))
    return slice(min(num_rows, begin * step), min(num_rows, end * step))


def gather_records(records: np.ndarray, world: World) -> np.ndarray:
    """Return (sum of n, k) float64: what each process gives, (n, k), one after another.

    The few that there are as a rule go with their number in one exchange; where a process has more, a second follows.
    """
    number, width = records.shape
    first = np.zeros(1 + FEW * width)
    first[0], first[1 : 1 + min(number, FEW) * width] = number, records[:FEW].ravel()
    gathered = world.gather(first)
    numbers = gathered[:, 0].astype(int)
    parts = gathered[:, 1:].reshape(world.size, FEW, width)
    if numbers.max() > FEW:
        padded = np.zeros((numbers.max(), width))
        padded[:number] = records
        parts = world.gather(padded)
    return np.concatenate([part[:count] for part, count in zip(parts, numbers, strict=True)])


class OrderedSum:
    """A sum of vectors that is the same to the last bit however many processes share the work.

    Floating-point sums depend on their order. So the parts are added one by one in the order of the rows: the first
    process adds its parts, the second goes on with what the first had, and so on.
    """

    def __init__(self, dimensions: int, world: World = ALONE) -> None:
        self._total = np.zeros(dimensions)
        self._parts: list[np.ndarray] = []
        self._world = world

    def add(self, part: np.ndarray) -> None:
        """Add the next part of this process, (d,) float64."""
        if self._world.rank == 0:
            self._total += part
        else:  # what comes before is not known yet
            self._parts.append(part.copy())

    def result(self) -> np.ndarray:
        """Return the (d,) float64 sum of everyone's parts; all processes must call this."""
        for rank in range(self._world.size):
            if rank == self._world.rank:
                for part in self._parts:
                    self._total += part
            self._total = self._world.copy_of(self._total, rank)
        self._parts.clear()
        return self._total
