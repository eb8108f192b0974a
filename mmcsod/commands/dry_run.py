"""What ``mmcsod select --dry-run`` prints of a selection."""

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.allowance import ENTRY
from mmcsod.selection.memory_needs import MemoryNeeds, memory_needs
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.select import make_task
from mmcsod.util.memory import available_memory
from mmcsod.util.text import size_text


def describe_needs(bank: FeatureBank, options: SelectionOptions, num_processes: int = 1) -> str:
    """Return the sizes of a selection and the memory that it needs."""
    task = make_task(bank, options)
    pool, vectors = task.pool, task.pool.bank.vectors
    lines = [
        (
            f'{len(pool.images)} images, {int(pool.eligible.sum())} vectors of {vectors.shape[1]} {vectors.dtype}, '
            f'{len(pool.labels)} classes'
        ),
        f'method {options.entry.name}, {task.target} images' + (' (estimated)' if options.num_objects else ''),
    ]
    if 'lam' in options.entry.uses:
        return '\n'.join([*lines, *_of_eq_4(memory_needs(task, num_processes), pool)])
    if number := options.entry.num_similarities(pool):
        similarities = f'at most {size_text(min(ENTRY * number, task.memory))} of similarities (--memory)'
        needs = f'memory: {size_text(vectors.nbytes)} of vectors, {similarities}'
        return '\n'.join([*lines, needs, *options.entry.warnings(pool)])
    needs = f'memory: {size_text(vectors.nbytes)} of vectors; what this method needs beside them is not known'
    return '\n'.join([*lines, f'{needs} ({size_text(available_memory())} available)'])


def _of_eq_4(needs: MemoryNeeds, pool: Pool) -> list[str]:
    how = 'read in place'
    if needs.copied:
        why = 'copied at unit length' if pool.shares_bank else 'copied class by class'
        how = f'{why} ({size_text(needs.copied)} more)'
    mode = 'in memory' if needs.fits else 'from disk at every turn: the vectors do not stay in memory'
    return [
        f'memory: {size_text(needs.vectors)} of vectors, {how}, and at most {size_text(needs.beside)} beside them',
        f'mode: {mode} ({size_text(needs.available)} available)',
    ]
