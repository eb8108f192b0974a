"""How large a selection is, and whether its vectors stay in memory."""

from dataclasses import dataclass

import numpy as np

from mmcsod.selection.kernels.pruned_kernel import LARGEST_FRONT, WORTH_PRUNING
from mmcsod.selection.pool import Pool
from mmcsod.selection.projected import ROWS, SAMPLE
from mmcsod.selection.registry import Task
from mmcsod.util.memory import available_memory

FRONT = 1.5 * LARGEST_FRONT
"""Share of a class, in float32, that the pruned kernel holds copies of, with room to grow."""


@dataclass(frozen=True)
class MemoryNeeds:
    """Bytes that selecting by Eq. 4 needs: vectors, read where they lie, or copies, and at most so much beside."""

    vectors: int
    copied: int
    beside: int
    available: int

    @property
    def fits(self) -> bool:
        """Whether the vectors stay in memory from one turn to the next."""
        return self.vectors + self.copied + self.beside <= self.available


def memory_needs(task: Task, num_processes: int = 1) -> MemoryNeeds:
    """Return what selecting by Eq. 4 needs when so many processes on one machine share it."""
    pool, vectors = task.pool, task.pool.bank.vectors
    copied = (0 if pool.shares_bank else vectors.nbytes) + (4 * vectors.size if task.kernel == 'faiss' else 0)
    beside = num_processes * _tables(pool) + _front(pool, task.kernel) + _compared(pool, task.target)
    return MemoryNeeds(vectors.nbytes, copied, beside, available_memory())


def _compared(pool: Pool, num_images: int) -> int:
    """Bytes of the vectors in float64 among which near-duplicates are looked for."""
    return 3 * 8 * pool.bank.vectors.shape[1] * min(ROWS, max(SAMPLE, num_images))


def _tables(pool: Pool) -> int:
    """Bytes of the tables of rows and images, of class sums and past queries, and of buffers."""
    rows, dimensions = pool.bank.vectors.shape
    return 130 * rows + 200 * len(pool.bank.images) + 10 * 8 * dimensions * len(pool.labels) + 10_000_000


def _front(pool: Pool, kernel: str) -> int:
    """Bytes of the rows that the pruned kernel copies."""
    if kernel not in ('auto', 'pruned'):
        return 0
    vectors = pool.bank.vectors
    rows = np.bincount(pool.row_labels, minlength=len(pool.bank.classes))
    pruned = rows[rows * vectors.shape[1] * vectors.itemsize >= WORTH_PRUNING].sum()
    return int(FRONT * pruned * vectors.shape[1] * 4)
