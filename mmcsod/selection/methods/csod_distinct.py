"""CSOD on what is left when every group of near-duplicates counts as one image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mmcsod.records.coreset import Pick
from mmcsod.selection.methods.csod import csod
from mmcsod.selection.near_duplicates import find_repeats
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Task, register_method
from mmcsod.selection.rotation import Rotation


@register_method('csod-distinct', parameters=('lam',))
def csod_distinct(task: Task) -> Iterator[Pick]:
    """Pick by Eq. 4 (section 3.5) among the first images of groups of near-duplicates, then among the others.

    A long burst of frames makes its own frames look representative, and a copy of a pick costs next to nothing in the
    sums of Eq. 4. Here a burst counts once, in both. Where nothing repeats, the picks are those of ``csod``. Groups are
    those of :func:`mmcsod.selection.near_duplicates.find_repeats`; an image that is included from the start leads its
    group.
    """
    pool, taken = task.pool, list(task.included)
    pool.bank.check('image_vectors')
    order = list(dict.fromkeys([*taken, *pool.images.tolist()]))
    followers = {int(image) for group in find_repeats(pool.bank, order) for image in group[1:]} - set(taken)
    firsts = Pool(pool.bank, pool.labels, set(range(len(pool.bank.images))) - set(pool.images.tolist()) | followers)
    for pick in csod(replace(task, pool=firsts, rotation=Rotation(firsts, task.included))):
        taken.append(pool.bank.image_index[pick.image_id])
        yield pick
    yield from csod(replace(task, rotation=Rotation(pool, tuple(taken)), included=tuple(taken)))
