"""What a user reads before a selection: how large it is, whether it fits into memory, how long it takes."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.kernels.numpy_kernel import scaled_products
from mmcsod.selection.kernels.pruned_kernel import LARGEST_FRONT, WORTH_PRUNING
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Task
from mmcsod.selection.select import make_task

PROBE_BYTES = 1 << 26
SETUP_PASSES = 4
"""What norms and class sums cost, in products with all rows."""

FRONT = 1.5 * LARGEST_FRONT
"""Share of a class, in float32, that the pruned kernel holds copies of, with room to grow."""


@dataclass(frozen=True)
class Forecast:
    """What a selection needs.

    Attributes:
        vectors: Bytes of vectors, read where they lie unless ``copied``.
        copied: Bytes of copies of vectors.
        beside: Bytes of everything else, at most.
        available: Bytes of memory there are for this process, page cache counted in.
        seconds: How long the selection takes at most: reading the vectors once, or, if they do not fit, at every turn,
            and passing over them.
    """

    vectors: int
    copied: int
    beside: int
    available: int
    seconds: float

    @property
    def fits(self) -> bool:
        """Whether the vectors stay in memory from one turn to the next."""
        return self.vectors + self.copied + self.beside <= self.available


def expect(bank: FeatureBank, options: SelectionOptions, num_processes: int = 1) -> str:
    """Return sizes of a selection, and for Eq. 4 memory and expected time, from a quick read of some of the vectors.

    Args:
        bank: The bank to select from.
        options: How to select.
        num_processes: How many processes share it, on one machine.

    Raises:
        UserError: If an option does not go with the bank.
    """
    task = make_task(bank, options)
    pool, vectors = task.pool, task.pool.bank.vectors
    lines = [
        (
            f'{len(pool.images)} images, {int(pool.eligible.sum())} rows of {vectors.shape[1]} {vectors.dtype}, '
            f'{len(pool.labels)} classes'
        ),
        f'method {options.method}, {task.target} images' + (' (estimated)' if options.num_objects else ''),
    ]
    if 'lam' in options.entry.parameters:
        lines += _of_eq_4(forecast(task, num_processes), task)
    else:
        lines.append(
            f'memory: {_size(vectors.nbytes)} of vectors; what this method needs beside them, and how long it takes, '
            f'is not forecast ({_size(available_memory())} of memory available)'
        )
    return '\n'.join(lines)


def _of_eq_4(found: Forecast, task: Task) -> list[str]:
    return [
        (
            f'memory: {_size(found.vectors)} of vectors, {_way(found, task.pool)}, and at most {_size(found.beside)} '
            'beside them'
        ),
        f'mode: {_mode(found)} ({_size(found.available)} of memory available)',
        f'lam {task.lam:.6g}',
        f'expected time: at most about {found.seconds:.1f} s',
    ]


def forecast(task: Task, num_processes: int = 1) -> Forecast:
    """Return what selecting on rows by Eq. 4 needs."""
    pool = task.pool
    vectors = pool.bank.vectors
    copied = 0 if pool.shares_bank else vectors.nbytes
    if task.kernel == 'faiss':
        copied += 4 * vectors.size
    sizes = Forecast(
        vectors.nbytes, copied, num_processes * _tables(pool) + _front(pool, task.kernel), available_memory(), 0.0
    )
    rows_scored = float(task.target * pool.eligible.sum() / len(pool.labels))
    rows_read = len(vectors) if sizes.fits else 2 * len(vectors) + rows_scored
    seconds = (SETUP_PASSES * len(vectors) + rows_scored) * _seconds_in_memory(
        vectors
    ) / num_processes + rows_read * _seconds_from_disk(vectors)
    return replace(sizes, seconds=seconds)


def available_memory() -> int:
    """Return the bytes of memory that this process may still use, page cache counted in."""
    lines = Path('/proc/meminfo').read_text(encoding='ascii').splitlines()
    free = next(1024 * int(line.split()[1]) for line in lines if line.startswith('MemAvailable'))
    return min([free, *_group_limits()])


def _group_limits() -> list[int]:
    """Return the limits of this process's control groups, of either version, also as a container sees them."""
    limits = []
    for line in Path('/proc/self/cgroup').read_text(encoding='utf-8').splitlines():
        _, controllers, path = line.split(':', 2)
        for folder in (path, '/'):
            for name in (
                (f'/sys/fs/cgroup{folder}/memory.max',)
                if not controllers
                else (f'/sys/fs/cgroup/memory{folder}/memory.limit_in_bytes',)
                if controllers == 'memory'
                else ()
            ):
                limits.append(_read_limit(Path(name)))
    return [limit for limit in limits if limit is not None]


def _read_limit(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding='ascii'))
    except (OSError, ValueError):  # not there, or 'max'
        return None


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


def _seconds_in_memory(vectors: np.ndarray) -> float:
    rows = vectors[: max(1, PROBE_BYTES // max(1, vectors[:1].nbytes))]
    scale, query = np.ones(len(rows), np.float32), np.ones(vectors.shape[1], np.float32)
    rows.max()  # reads them
    start = time.perf_counter()
    scaled_products(np.asarray(rows), scale, query)
    return (time.perf_counter() - start) / len(rows)


def _seconds_from_disk(vectors: np.ndarray) -> float:
    """Return the seconds that reading a row takes, through the map, at the end, of which nothing is in memory then."""
    if not isinstance(vectors, np.memmap):
        return 0.0
    rows = np.asarray(vectors)[-max(1, PROBE_BYTES // max(1, vectors[:1].nbytes)) :]
    with Path(str(vectors.filename)).open('rb') as file:
        os.posix_fadvise(
            file.fileno(), vectors.offset + vectors.nbytes - rows.nbytes, rows.nbytes, os.POSIX_FADV_DONTNEED
        )
        start = time.perf_counter()
        rows.max()
        return (time.perf_counter() - start) / len(rows)


def _way(found: Forecast, pool: Pool) -> str:
    if not found.copied:
        return 'read in place'
    why = 'copied class by class' if not pool.shares_bank else 'copied at unit length'
    return f'{why} ({_size(found.copied)} more)'


def _mode(found: Forecast) -> str:
    return 'in memory' if found.fits else 'from disk at every turn: the vectors do not stay in memory'


def _size(num_bytes: float) -> str:
    for unit in ('B', 'kB', 'MB'):
        if num_bytes < 1000:
            return f'{num_bytes:.3g} {unit}'
        num_bytes /= 1000
    return f'{num_bytes:.3g} GB'
