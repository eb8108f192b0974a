"""``select_coreset``: from a feature bank to a coreset."""

import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

import numpy as np
from tqdm import tqdm

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset, Pick
from mmcsod.selection.allowance import default_limit
from mmcsod.selection.classes import find_labels
from mmcsod.selection.image_ids import find_images
from mmcsod.selection.lam import LamTrial, lam_unit, try_lams
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.selection.recordings import Cap, find_recordings
from mmcsod.selection.registry import Method, Task
from mmcsod.selection.rotation import Rotation
from mmcsod.selection.surprises import surprises
from mmcsod.selection.turns import turn_weights
from mmcsod.selection.uncertain import certain_images
from mmcsod.util.distributed import ALONE, World
from mmcsod.util.errors import UserError, check_options

logger = logging.getLogger('mmcsod')


@dataclass(frozen=True)
class Selection:
    """A coreset, in pick order, and, in the first process, a sentence on everything surprising about it."""

    coreset: Coreset
    warnings: tuple[str, ...] = ()


def select_coreset(bank: FeatureBank, num_images: int | None = None, **options: Any) -> Coreset:
    """Select a coreset from a feature bank (section 3.5, Algorithm 1); warnings go to the logger ``mmcsod``.

    Args:
        bank: Stage 1's vectors.
        num_images: N, included images counted in; or else ``ratio`` or ``num_objects``.
        **options: The other fields of :class:`mmcsod.selection.options.SelectionOptions`, such as ``method``, ``lam``
            and ``include``.

    Raises:
        UserError: If an option or the bank is unfit, in one sentence.
    """
    check_options(options, [field.name for field in fields(SelectionOptions)], 'select_coreset')
    selection = run_selection(bank, SelectionOptions(num_images, **options))
    for sentence in selection.warnings:
        logger.warning('%s', sentence)
    return selection.coreset


def run_selection(bank: FeatureBank, options: SelectionOptions, world: World = ALONE) -> Selection:
    """Select a coreset from a feature bank.

    Args:
        bank: Stage 1's vectors.
        options: How to select.
        world: The processes that select together, all of them with the same bank and options. Each reads a part of the
            vectors; all return the coreset that one alone would.

    Raises:
        UserError: If the bank is unfit, or an option does not go with it, or a process is gone.
    """
    _check_all_see_the_same(bank, options, world)
    task = make_task(bank, options, world)
    if options.lam_rule == 'coverage':
        trials = try_lams(task, lambda task: _within_budget(task, options))
        best = max(trials, key=lambda trial: trial.rank)
        task, picks = replace(task, lam=best.lam), best.picks
    else:
        trials, picks = [], _within_budget(task, options)
    method, parameters = options.entry, _parameters(task, options, trials)
    coreset = Coreset(tuple(picks), bank.classes, method.name, parameters, bank.provenance, method.nested)
    return Selection(coreset, tuple(surprises(task, coreset, options)) if world.rank == 0 else ())


def _check_all_see_the_same(bank: FeatureBank, options: SelectionOptions, world: World) -> None:
    if world.size == 1:
        return
    rows = zlib.crc32(np.ascontiguousarray(bank.rows).data.cast('B'))
    seen = world.gather(np.array([*bank.vectors.shape, rows, zlib.crc32(repr(options).encode())]))
    if (seen != seen[0]).any():
        raise UserError('The processes of this run were given different banks or options; give all of them the same.')


def make_task(bank: FeatureBank, options: SelectionOptions, world: World = ALONE) -> Task:
    """Return what a method works on; where coverage is to choose lam, it is 2 N / D."""
    included, excluded = find_images(bank, options.include, options.exclude)
    vectors = bank.objectwise() if options.entry.needs_object_vectors else bank
    pool = Pool(vectors, find_labels(bank, options.classes), excluded)
    if not len(pool.images):
        raise UserError('There is no image to select: every one is excluded or has no object of the classes asked for.')
    target = options.budget.target(pool)
    if options.uncertain is not None:
        pool = pool.without(certain_images(pool, included, target, options.uncertain))
    lam = options.given_lam
    task = Task(
        pool,
        Rotation(pool, included, turn_weights(options.weights, pool), _cap(bank, options)),
        included,
        np.random.default_rng(options.seed),
        0.0,
        options.kernel,
        target,
        default_limit(world.size) if options.given_memory is None else options.given_memory,
        world,
    )
    return replace(task, lam=2 * lam_unit(task) if lam is None else lam)


def _cap(bank: FeatureBank, options: SelectionOptions) -> Cap | None:
    recordings = find_recordings(bank, options.group)
    if options.per_group is None:
        return None
    if recordings is None:
        raise UserError(
            'The bank does not know the recordings of its images, which per_group is about; give group, a pattern with '
            r"the recording in brackets, such as '(.*)_\d+'."
        )
    return Cap.of(recordings, options.per_group)


def _parameters(task: Task, options: SelectionOptions, trials: Sequence[LamTrial]) -> dict[str, Any]:
    """Return what the coreset file says of how it was selected."""
    method, tried = options.entry, bool(trials)
    uses_lam = 'lam' in method.uses
    given = {
        'method_options': method.changed_settings or None,
        'lam': task.lam if uses_lam else None,
        'lam_rule': options.lam_rule if uses_lam else None,
        'lam_unit': lam_unit(task) if tried else None,
        'lams': [trial.lam for trial in trials] if tried else None,
        'coverages': [trial.coverage for trial in trials] if tried else None,
        'turns': None if options.weights == 'equal' else options.weights,
        'seed': int(options.seed) if 'seed' in method.uses else None,
        'classes': None if options.classes is None else [task.pool.bank.classes[label] for label in task.pool.labels],
        'group': options.group,
        'per_group': None if options.per_group is None else int(options.per_group),
        'uncertain': options.uncertain,
        'num_included': len(task.included) or None,
    }
    numbers = {**options.budget.parameters, 'num_pool': len(task.pool.images)}
    return {**numbers, **{name: value for name, value in given.items() if value is not None}}


def _within_budget(task: Task, options: SelectionOptions) -> list[Pick]:
    """Return the picks of the budget, included images first."""
    num_objects, picks = options.num_objects, _all_picks(options.entry, task)
    picks = islice(picks, task.target) if num_objects is None else _within(num_objects, picks, task.pool)
    progress = tqdm(
        picks,
        total=task.target,
        desc=f'Selecting, lam {task.lam:.3g}' if options.lam_rule == 'coverage' else 'Selecting',
        unit='image',
        delay=1,
        leave=False,
        disable=True if task.world.rank else None,
    )
    found = list(progress)
    if len(found) < len(task.included):
        raise UserError(
            f'{len(task.included)} images are included from the start, which is more than the budget; '
            'ask for more or include fewer.'
        )
    if not found:
        raise UserError(f'The first image alone has more than {num_objects} objects; ask for more.')
    return found


def _within(num_objects: int, picks: Iterator[Pick], pool: Pool) -> Iterator[Pick]:
    for pick in picks:
        num_objects -= int(pool.object_counts[pool.bank.image_index[pick.image_id]])
        if num_objects < 0:
            break
        yield pick


def _all_picks(method: Method, task: Task) -> Iterator[Pick]:
    for image in task.included:
        yield Pick(task.pool.bank.images[image])
    yield from method.select(task)
    if task.rotation.barred:  # the budget is met all the same
        yield from method.select(task.without_cap())
