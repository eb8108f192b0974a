"""What a user reads before and after a selection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from tabulate import tabulate

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.select import make_task

PROBE_BYTES = 1 << 28


def describe(bank: FeatureBank, coresets: Sequence[Coreset]) -> str:
    """Return a summary of a selection.

    Args:
        bank: What was selected from.
        coresets: One for each budget, the largest last.

    Returns:
        For each budget the images and objects of each class, beside those there are, and what lam was.
    """
    ids = np.asarray(bank.images, dtype=object)
    masks = {str(len(coreset)): np.isin(ids, coreset.image_ids) for coreset in coresets}
    masks['all'] = np.isin(np.arange(len(ids)), bank.rows['image'])
    headers = ['class', *(header for name in masks for header in (f'{name}: images', 'objects'))]
    columns = [_column(bank, mask) for mask in masks.values()]
    table = [[name, *(number for column in columns for number in column[row])]
             for row, name in enumerate((*bank.classes, 'all classes'))]
    return '\n'.join([tabulate(table, headers), _describe_parameters(coresets[-1]), *_notes(coresets)])


def _column(bank: FeatureBank, chosen: np.ndarray) -> list[tuple[int, int]]:
    """Return images and objects of each class, then of all, in some images."""
    images, objects = _class_counts(bank, chosen)
    return [*zip(images, objects, strict=True), (chosen.sum(), objects.sum())]


def _notes(coresets: Sequence[Coreset]) -> Iterator[str]:
    parameters = coresets[-1].parameters
    if 'num_included' in parameters:
        yield f'{parameters["num_included"]} images were included from the start, and are counted in'
    if len(coresets) > 1 and coresets[-1].nested and parameters.get('lam_rule') == '2*N/D':
        small, large = len(coresets[0]), len(coresets[-1])
        yield (f'lam follows the largest budget: the first {small} of {large} images are not what --num-images {small} '
               'alone gives, unless --lam is given')


def expect(bank: FeatureBank, options: SelectionOptions) -> str:
    """Return sizes, memory and expected time of a selection, from a quick read of some of the vectors.

    Args:
        bank: The bank to select from.
        options: How to select.

    Raises:
        UserError: If an option does not go with the bank.
    """
    task = make_task(bank, options)
    pool, target = task.pool, task.target
    rows, vectors = int(pool.eligible.sum()), pool.bank.vectors
    vectors_are = 'read in place' if pool.shares_bank else 'copied class by class'
    lines = [
        f'{len(pool.images)} images, {rows} rows of {vectors.shape[1]} {vectors.dtype}, {len(pool.labels)} classes',
        f'method {options.method}, {target} images' + (' (estimated)' if options.num_objects else ''),
        f'memory: {_size(vectors.nbytes)} of vectors, {vectors_are}, and {_size(_overhead(pool))} beside them',
    ]
    if 'lam' in options.entry.parameters:
        lines.append(f'lam {task.lam:.6g}')
        lines.append(f'expected time: at most about {_expected_seconds(pool, target):.1f} s')
    return '\n'.join(lines)


def _class_counts(bank: FeatureBank, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = bank.rows[chosen[bank.rows['image']]]
    pairs = np.unique(rows[['image', 'label']])
    images = np.bincount(pairs['label'], minlength=len(bank.classes))
    objects = np.bincount(rows['label'], rows['count'], minlength=len(bank.classes)).astype(int)
    return images, objects


def _describe_parameters(coreset: Coreset) -> str:
    parameters = dict(coreset.parameters)
    words = [f'method {coreset.method}']
    if 'lam' in parameters:
        rule = parameters['lam_rule']
        words.append(f'lam {parameters["lam"]:.6g} ({"auto: 2 N / D" if rule == "2*N/D" else "as given"})')
    if 'seed' in parameters:
        words.append(f'seed {parameters["seed"]}')
    return ', '.join(words)


def _overhead(pool: Pool) -> int:
    """Bytes of the tables of rows and images, of class sums and past queries, and of buffers, as measured."""
    rows, dimensions = pool.bank.vectors.shape
    return 130 * rows + 200 * len(pool.bank.images) + 10 * 8 * dimensions * len(pool.labels) + 10_000_000


def _expected_seconds(pool: Pool, target: int) -> float:
    """Two passes for norms and sums, then one pass over a class for each pick."""
    vectors = pool.bank.vectors
    rows = vectors[:max(1, PROBE_BYTES // max(1, vectors[:1].nbytes))]
    query = np.ones(vectors.shape[1], np.float32)
    start = time.perf_counter()
    rows.astype(np.float32, copy=False) @ query
    seconds_per_row = (time.perf_counter() - start) / len(rows)
    mean_rows = pool.eligible.sum() / len(pool.labels)
    return seconds_per_row * (2 * len(vectors) + target * mean_rows)


def _size(num_bytes: float) -> str:
    for unit in ('B', 'kB', 'MB'):
        if num_bytes < 1000:
            return f'{num_bytes:.3g} {unit}'
        num_bytes /= 1000
    return f'{num_bytes:.3g} GB'
