"""What ``mmcsod select --dry-run`` prints of a selection."""

from __future__ import annotations

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.memory_needs import MemoryNeeds, memory_needs
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.select import make_task
from mmcsod.util.memory import available_memory


def describe_needs(bank: FeatureBank, options: SelectionOptions, num_processes: int = 1) -> str:
    """Return the sizes of a selection and the memory that it needs.

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
            f'{len(pool.images)} images, {int(pool.eligible.sum())} vectors of {vectors.shape[1]} {vectors.dtype}, '
            f'{len(pool.labels)} classes'
        ),
        f'method {options.method}, {task.target} images' + (' (estimated)' if options.num_objects else ''),
    ]
    if 'lam' in options.entry.uses:
        return '\n'.join([*lines, *_of_eq_4(memory_needs(task, num_processes), pool)])
    needs = f'memory: {_size(vectors.nbytes)} of vectors; what this method needs beside them is not known'
    return '\n'.join([*lines, f'{needs} ({_size(available_memory())} available)'])


def _of_eq_4(needs: MemoryNeeds, pool: Pool) -> list[str]:
    how = 'read in place'
    if needs.copied:
        why = 'copied at unit length' if pool.shares_bank else 'copied class by class'
        how = f'{why} ({_size(needs.copied)} more)'
    mode = 'in memory' if needs.fits else 'from disk at every turn: the vectors do not stay in memory'
    return [
        f'memory: {_size(needs.vectors)} of vectors, {how}, and at most {_size(needs.beside)} beside them',
        f'mode: {mode} ({_size(needs.available)} available)',
    ]


def _size(num_bytes: float) -> str:
    for unit in ('B', 'kB', 'MB'):
        if num_bytes < 1000:
            return f'{num_bytes:.3g} {unit}'
        num_bytes /= 1000
    return f'{num_bytes:.3g} GB'
