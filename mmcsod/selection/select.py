"""``select_coreset``: from a feature bank to a coreset."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mmcsod.coreset import Coreset, Pick
from mmcsod.errors import UserError
from mmcsod.features.bank import FeatureBank
from mmcsod.selection.methods import Method, Task, get_method
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation

logger = logging.getLogger('mmcsod')


def select_coreset(bank: FeatureBank, num_images: int | None = None, method: str = 'csod', lam: float | str = 'auto',
                   kernel: str = 'auto', seed: int = 0, include: Iterable[str] = (), exclude: Iterable[str] = (),
                   classes: Sequence[str] | None = None, num_objects: int | None = None) -> Coreset:
    """Select a coreset from a feature bank (section 3.5, Algorithm 1).

    Args:
        bank: Stage 1's vectors.
        num_images: N, included images counted in. More than there are takes all, and says so.
        method: Name of a registered method, see :func:`mmcsod.selection.method_names`.
        lam: The balance of Eq. 4, at least 0, or 'auto' for 2 N / D, D being the images that may be selected.
        kernel: 'auto', 'numpy', 'torch' or 'faiss'; the picks do not depend on it.
        seed: Seed of the methods that draw.
        include: Ids of images that are selected from the start.
        exclude: Ids of images that must not be selected; their vectors take no part.
        classes: Names of the classes to take turns; all by default.
        num_objects: A budget of objects instead of one of images: stops before exceeding it.

    Returns:
        The coreset, in pick order: included images first, then Algorithm 1's picks.

    Raises:
        UserError: If an argument or the bank is unfit, in one sentence.
    """
    entry = get_method(method)
    prepared = bank if entry.prepare is None else entry.prepare(bank)
    included, excluded = _resolve_ids(bank, include, exclude)
    pool = Pool(prepared, _resolve_labels(bank, classes), excluded)
    counts = _object_counts(bank)
    target = _target(pool, num_images, num_objects, counts)
    lam_value = _resolve_lam(lam, target, pool)
    task = Task(pool, Rotation(pool, included), included, np.random.default_rng(seed), lam_value, kernel)
    picks = _within_budget(_picks(entry, task), num_images, num_objects, counts, bank)
    parameters = _parameters(entry, num_images, num_objects, lam, lam_value, seed, classes, len(included))
    if num_images is not None and len(picks) < num_images:
        logger.warning('%d images were asked for and there are only %d: took all.', num_images, len(picks))
    if not picks:
        raise UserError('There is no image to select: every one is excluded or has no object of the classes asked '
                        'for, or the object budget is below the first image.')
    return Coreset(tuple(picks), bank.classes, method, parameters, bank.provenance)


def _picks(entry: Method, task: Task) -> Iterator[Pick]:
    yield from (Pick(task.pool.bank.images[image]) for image in task.included)
    yield from entry.select(task)


def _within_budget(picks: Iterator[Pick], num_images: int | None, num_objects: int | None, counts: np.ndarray,
                   bank: FeatureBank) -> list[Pick]:
    taken: list[Pick] = []
    index = {image: i for i, image in enumerate(bank.images)}
    objects = 0
    while num_images is None or len(taken) < num_images:
        pick = next(picks, None)
        if pick is None:
            break
        objects += int(counts[index[pick.image_id]])
        if num_objects is not None and objects > num_objects:
            break
        taken.append(pick)
    return taken


def _target(pool: Pool, num_images: int | None, num_objects: int | None, counts: np.ndarray) -> int:
    """Return N, estimated from the mean objects an image where the budget is one of objects."""
    if (num_images is None) == (num_objects is None):
        raise UserError('Give either num_images or num_objects.')
    if num_images is not None:
        if num_images < 1:
            raise UserError(f'num_images is {num_images}; ask for 1 image or more.')
        return num_images
    assert num_objects is not None
    if num_objects < 1:
        raise UserError(f'num_objects is {num_objects}; ask for 1 object or more.')
    mean = counts[pool.images].mean() if len(pool.images) else 1.0
    return max(1, round(num_objects / mean))


def _resolve_lam(lam: float | str, target: int, pool: Pool) -> float:
    if lam == 'auto':
        return 2 * target / max(1, len(pool.images))
    try:
        value = float(lam)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UserError(f"lam is {lam}; give a number of at least 0, or 'auto'.")
    return value


def _resolve_labels(bank: FeatureBank, classes: Sequence[str] | None) -> list[int]:
    if classes is None:
        return list(range(len(bank.classes)))
    unknown = [name for name in classes if name not in bank.classes]
    if unknown or not classes:
        raise UserError(f"The bank has no class '{unknown[0] if unknown else ''}'; "
                        f"its classes are {', '.join(bank.classes)}.")
    return [bank.classes.index(name) for name in classes]


def _resolve_ids(bank: FeatureBank, include: Iterable[str], exclude: Iterable[str],
                 ) -> tuple[tuple[int, ...], frozenset[int]]:
    index = {image: i for i, image in enumerate(bank.images)}
    found = []
    for what, ids in (('include', include), ('exclude', exclude)):
        names = list(dict.fromkeys(map(str, ids)))
        unknown = [name for name in names if name not in index]
        if unknown:
            raise UserError(f'{len(unknown)} of the {len(names)} ids to {what} are not in the bank, the first is '
                            f"'{unknown[0]}'; ids look like '{bank.images[0] if bank.images else ''}'.")
        found.append([index[name] for name in names])
    both = set(found[0]) & set(found[1])
    if both:
        raise UserError(f"'{bank.images[min(both)]}' is both to include and to exclude; take it off one list.")
    return tuple(found[0]), frozenset(found[1])


def _object_counts(bank: FeatureBank) -> np.ndarray:
    return np.bincount(bank.rows['image'], bank.rows['count'], minlength=len(bank.images)).astype(np.int64)


def _parameters(entry: Method, num_images: int | None, num_objects: int | None, lam: float | str, lam_value: float,
                seed: int, classes: Sequence[str] | None, num_included: int) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if num_images is not None:
        parameters['num_images'] = num_images
    if num_objects is not None:
        parameters['num_objects'] = num_objects
    if 'lam' in entry.parameters:
        parameters['lam'] = lam_value
        parameters['lam_rule'] = '2*N/D' if lam == 'auto' else 'given'
    if 'seed' in entry.parameters:
        parameters['seed'] = seed
    if classes is not None:
        parameters['classes'] = list(classes)
    if num_included:
        parameters['num_included'] = num_included
    return parameters
