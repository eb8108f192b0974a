"""``select_coreset``: from a feature bank to a coreset."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np
from tqdm import tqdm

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset, Pick
from mmcsod.errors import UserError
from mmcsod.selection.budget import Budget
from mmcsod.selection.image_ids import ImageIds, find_images
from mmcsod.selection.kernels import get_kernel
from mmcsod.selection.methods.registry import Method, Task, get_method
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation

logger = logging.getLogger('mmcsod')


def select_coreset(bank: FeatureBank, num_images: int | None = None, method: str = 'csod', lam: float | str = 'auto',
                   kernel: str = 'auto', seed: int = 0, include: ImageIds | str = (), exclude: ImageIds | str = (),
                   classes: Sequence[str] | None = None, ratio: float | None = None,
                   num_objects: int | None = None) -> Coreset:
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
    budget = Budget(num_images, ratio, num_objects)
    entry = check_arguments(budget, method, lam, kernel, seed)
    task = make_task(bank, entry, budget, lam, kernel, seed, include, exclude, classes)
    picks = _within_budget(entry, task, budget)
    parameters: dict[str, Any] = {**budget.parameters, 'num_pool': len(task.pool.images)}
    if 'lam' in entry.parameters:
        parameters.update(lam=task.lam, lam_rule='2*N/D' if lam == 'auto' else 'given')
    if 'seed' in entry.parameters:
        parameters['seed'] = int(seed)
    if classes is not None:
        parameters['classes'] = [bank.classes[label] for label in task.pool.labels]
    if task.included:
        parameters['num_included'] = len(task.included)
    return Coreset(tuple(picks), bank.classes, method, parameters, bank.provenance,
                   entry.nested)


def check_arguments(budget: Budget, method: str, lam: float | str, kernel: str, seed: int) -> Method:
    """Refuse arguments of :func:`select_coreset` that are unfit whatever the bank holds, and return the method.

    Raises:
        UserError: If one is.
    """
    entry = get_method(method)
    if budget.num_objects is not None and not entry.nested:
        raise UserError(f"The method '{method}' draws a given number of images, so it cannot stop at a number of "
                        "objects; give num_images or ratio, or use the method 'uniform'.")
    get_kernel(kernel)
    parse_lam(lam)
    if not (isinstance(seed, Integral) and seed >= 0):
        raise UserError(f'seed is {seed}; give a whole number, 0 or more.')
    return entry


def make_task(bank: FeatureBank, entry: Method, budget: Budget, lam: float | str, kernel: str, seed: int,
              include: ImageIds | str, exclude: ImageIds | str, classes: Sequence[str] | None) -> Task:
    """Check the arguments of :func:`select_coreset` and make of them what its methods work on.

    Raises:
        UserError: If an argument is unfit.
    """
    included, excluded = find_images(bank.images, include, exclude)
    prepared = bank if entry.prepare is None else entry.prepare(bank)
    pool = Pool(prepared, _find_labels(bank, classes), excluded)
    if not len(pool.images):
        raise UserError('There is no image to select: every one is excluded or has no object of the classes asked for.')
    target = budget.target(pool)
    return Task(pool, Rotation(pool, included), included, np.random.default_rng(seed), _find_lam(lam, target, pool),
                kernel, target)


def _within_budget(entry: Method, task: Task, budget: Budget) -> list[Pick]:
    """Take picks until the budget is met, included images first."""
    target = budget.target(task.pool)
    picks = _all_picks(entry, task)
    picks = islice(picks, target) if budget.num_objects is None else _within(budget.num_objects, picks, task.pool)
    progress = tqdm(picks, total=target, desc='Selecting', unit='image', delay=1, leave=False, disable=None)
    return _check_picks(list(progress), task, budget, target)


def _within(num_objects: int, picks: Iterator[Pick], pool: Pool) -> Iterator[Pick]:
    counts = dict(zip(pool.bank.images, pool.object_counts.tolist(), strict=True))
    for pick in picks:
        num_objects -= counts[pick.image_id]
        if num_objects < 0:
            break
        yield pick


def _all_picks(entry: Method, task: Task) -> Iterator[Pick]:
    for image in task.included:
        yield Pick(task.pool.bank.images[image])
    yield from entry.select(task)


def _check_picks(picks: list[Pick], task: Task, budget: Budget, target: int) -> list[Pick]:
    if len(picks) < len(task.included):
        raise UserError(f'{len(task.included)} images are included from the start, which is more than the budget; '
                        'ask for more or include fewer.')
    if not picks:
        raise UserError(f'The first image alone has more than {budget.num_objects} objects; ask for more.')
    if budget.num_objects is None and len(picks) < target:
        logger.warning('%d images were asked for and there are only %d: all of them are taken.', target, len(picks))
    return picks


def _find_lam(lam: float | str, target: int, pool: Pool) -> float:
    value = parse_lam(lam)
    return 2 * min(target, len(pool.images)) / len(pool.images) if value is None else value


def parse_lam(lam: float | str) -> float | None:
    """Return the balance of Eq. 4 as a number, or None for 'auto'.

    Raises:
        UserError: If it is neither 'auto' nor a number in range.
    """
    if lam == 'auto':
        return None
    try:
        value = float(lam)
    except (TypeError, ValueError):
        value = math.nan
    if not (value == 0 or 1e-100 <= value <= 1e100):
        raise UserError(f"lam is {lam}; give 0, a number between 1e-100 and 1e100, or 'auto'.")
    return value


def _find_labels(bank: FeatureBank, classes: Sequence[str] | None) -> list[int]:
    if classes is None:
        return list(range(len(bank.classes)))
    if isinstance(classes, str):
        raise UserError(f"classes is the text '{classes}'; give a list of names.")
    unknown = [name for name in classes if name not in bank.classes]
    if unknown:
        raise UserError(f"There is no class '{unknown[0]}' in the bank; its classes are {', '.join(bank.classes)}.")
    return [label for label, name in enumerate(bank.classes) if name in classes]
