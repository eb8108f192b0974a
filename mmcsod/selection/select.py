"""``select_coreset``: from a feature bank to a coreset."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from tqdm import tqdm

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset, Pick
from mmcsod.selection.budget import Budget
from mmcsod.selection.classes import find_labels
from mmcsod.selection.image_ids import ImageIds, find_images
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Method, Task
from mmcsod.selection.remarks import remarks
from mmcsod.selection.rotation import Rotation
from mmcsod.util.distributed import ALONE, Group
from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')


def select_coreset(
    bank: FeatureBank,
    num_images: int | None = None,
    method: str = 'csod',
    lam: float | str = 'auto',
    kernel: str = 'auto',
    seed: int = 0,
    include: ImageIds | str = (),
    exclude: ImageIds | str = (),
    classes: Sequence[str] | None = None,
    ratio: float | None = None,
    num_objects: int | None = None,
) -> Coreset:
    """Select a coreset from a feature bank (section 3.5, Algorithm 1).

    Exactly one of ``num_images``, ``ratio`` and ``num_objects`` says how much.

    Args:
        bank: Stage 1's vectors.
        num_images: N, included images counted in. More than there are takes all, with a warning.
        method: Name of a registered method, see :func:`mmcsod.selection.method_names`.
        lam: The balance of Eq. 4, at least 0, or 'auto' for 2 N / D, D being the images that may be selected.
        kernel: 'auto', 'pruned', 'numpy', 'torch' or 'faiss'; the picks do not depend on it.
        seed: Seed of the methods that draw.
        include: Images that are selected from the start: ids, a coreset, or a file of either.
        exclude: Images that must not be selected, likewise; their vectors take no part.
        classes: Names of the classes that take turns and whose vectors take part; all by default.
        ratio: N as a share of the images that may be selected.
        num_objects: Stop before the selected images hold more objects than this.

    Returns:
        The coreset, in pick order: included images first, then Algorithm 1's picks.

    Raises:
        UserError: If an argument or the bank is unfit, in one sentence.
    """
    return run_selection(
        bank, SelectionOptions(num_images, ratio, num_objects, method, lam, kernel, seed, include, exclude, classes)
    )


def run_selection(bank: FeatureBank, options: SelectionOptions, group: Group = ALONE) -> Coreset:
    """Select a coreset from a feature bank; see :func:`select_coreset`.

    Args:
        bank: Stage 1's vectors.
        options: How to select.
        group: The processes that select together, all of them with the same bank and options. Each reads a part of the
            vectors; all return the coreset that one alone would.

    Raises:
        UserError: If the bank is unfit, or an option does not go with it, or a process is gone.
    """
    _check_all_see_the_same(bank, options, group)
    task = make_task(bank, options, group)
    picks = _within_budget(task, options)
    for remark in remarks(task.pool, picks, options) if group.rank == 0 else ():
        logger.warning(remark)
    return Coreset(
        tuple(picks), bank.classes, options.method, _parameters(task, options), bank.provenance, options.entry.nested
    )


def _check_all_see_the_same(bank: FeatureBank, options: SelectionOptions, group: Group) -> None:
    if group.size == 1:
        return
    rows = zlib.crc32(np.ascontiguousarray(bank.rows).data.cast('B'))
    seen = group.gather(np.array([*bank.vectors.shape, rows, zlib.crc32(repr(options).encode())]))
    if (seen != seen[0]).any():
        raise UserError('The processes of this run were given different banks or options; give all of them the same.')


def make_task(bank: FeatureBank, options: SelectionOptions, group: Group = ALONE) -> Task:
    """Return what a method works on.

    Raises:
        UserError: If an option does not go with the bank.
    """
    included, excluded = find_images(bank, options.include, options.exclude)
    prepare = options.entry.prepare
    pool = Pool(bank if prepare is None else prepare(bank), find_labels(bank, options.classes), excluded)
    if not len(pool.images):
        raise UserError('There is no image to select: every one is excluded or has no object of the classes asked for.')
    target = options.budget.target(pool)
    lam = 2 * min(target, len(pool.images)) / len(pool.images) if options.given_lam is None else options.given_lam
    return Task(
        pool,
        Rotation(pool, included),
        included,
        np.random.default_rng(options.seed),
        lam,
        options.kernel,
        target,
        group,
    )


def _parameters(task: Task, options: SelectionOptions) -> dict[str, Any]:
    """Return what the coreset file says of how it was selected."""
    parameters: dict[str, Any] = {**options.budget.parameters, 'num_pool': len(task.pool.images)}
    if 'lam' in options.entry.parameters:
        parameters.update(lam=task.lam, lam_rule='2*N/D' if options.given_lam is None else 'given')
    if 'seed' in options.entry.parameters:
        parameters['seed'] = int(options.seed)
    if options.classes is not None:
        parameters['classes'] = [task.pool.bank.classes[label] for label in task.pool.labels]
    if task.included:
        parameters['num_included'] = len(task.included)
    return parameters


def _within_budget(task: Task, options: SelectionOptions) -> list[Pick]:
    """Take picks until the budget is met, included images first."""
    budget, picks = options.budget, _all_picks(options.entry, task)
    picks = islice(picks, task.target) if budget.num_objects is None else _within(budget.num_objects, picks, task.pool)
    progress = tqdm(
        picks,
        total=task.target,
        desc='Selecting',
        unit='image',
        delay=1,
        leave=False,
        disable=True if task.group.rank else None,
    )
    return _check_picks(list(progress), task, budget)


def _within(num_objects: int, picks: Iterator[Pick], pool: Pool) -> Iterator[Pick]:
    for pick in picks:
        num_objects -= int(pool.object_counts[pool.bank.image_index[pick.image_id]])
        if num_objects < 0:
            break
        yield pick


def _all_picks(entry: Method, task: Task) -> Iterator[Pick]:
    for image in task.included:
        yield Pick(task.pool.bank.images[image])
    yield from entry.select(task)


def _check_picks(picks: list[Pick], task: Task, budget: Budget) -> list[Pick]:
    if len(picks) < len(task.included):
        raise UserError(
            f'{len(task.included)} images are included from the start, which is more than the budget; '
            'ask for more or include fewer.'
        )
    if not picks:
        raise UserError(f'The first image alone has more than {budget.num_objects} objects; ask for more.')
    if budget.num_objects is None and len(picks) < task.target and task.group.rank == 0:
        logger.warning(
            '%d images were asked for and there are only %d: all of them are taken.', task.target, len(picks)
        )
    return picks
