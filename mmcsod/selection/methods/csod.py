"""CSOD's own selection: Algorithm 1, Stage 2, with the scores of Eq. 4."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping

import numpy as np

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Pick
from mmcsod.distributed import ALONE, Group
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.kernels.base import KernelFactory
from mmcsod.selection.methods.by_row import make_states, take_turns
from mmcsod.selection.methods.registry import Task, register_method
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.pool import Pool
from mmcsod.selection.trial import Trial
from mmcsod.selection.unit_rows import UnitRows

logger = logging.getLogger('mmcsod')


@register_method('csod', parameters=('lam',))
@register_method('csod-objectwise', parameters=('lam',), prepare=FeatureBank.objectwise)
def csod(task: Task) -> Iterator[Pick]:
    """Pick, class by class in turn, the image with the highest score of Eq. 4 (section 3.5).

    ``csod`` selects on imagewise rows, ``csod-objectwise`` on one row an object (section 4.5).
    """
    start = time.perf_counter()
    num_bytes = task.pool.bank.vectors.nbytes // task.group.size
    kernels = kernel_factory(task.kernel, num_bytes, Trial(task.pool, task.lam))
    objectives = make_objectives(task.pool, task.lam, kernels, task.group)
    logger.info('norms and class sums of %d rows: %.2f s', len(task.pool.bank), time.perf_counter() - start)
    yield from pick_by_score(task, objectives)


def make_objectives(pool: Pool, lam: float, make_kernel: KernelFactory,
                    group: Group = ALONE) -> dict[int, ClassObjective]:
    """Return Eq. 4 for each class that takes turns, nothing selected yet.

    Raises:
        UserError: If a vector holds NaN or infinity.
    """
    units = make_states(pool, lambda units, eligible: units, group)
    # In order: processes that share a class add its sums together.
    return {label: _objective(pool, label, units[label], lam, make_kernel, group) for label in pool.labels}


def _objective(pool: Pool, label: int, units: UnitRows, lam: float, make_kernel: KernelFactory,
               group: Group) -> ClassObjective:
    rows, held = pool.rows_of_class(label), pool.shard_of_class(label, group)
    return ClassObjective(units, pool.eligible[rows], lam, make_kernel,
                          slice(held.start - rows.start, held.stop - rows.start), group)


def pick_by_score(task: Task, objectives: Mapping[int, ClassObjective]) -> Iterator[Pick]:
    """Run the greedy loop of Algorithm 1 over objectives, which change with every pick."""
    return take_turns(task, objectives, lambda image: _select(objectives, task, image))


def _select(objectives: Mapping[int, ClassObjective], task: Task, image: int) -> None:
    places = [(objectives[label], row) for label, row in task.pool.places_of_image(image)]
    if not places:  # an included image without objects
        return
    # Each row comes from the process that holds it; the others add zeros.
    units = task.group.add(np.stack([objective.unit(row) for objective, row in places]))
    for (objective, row), unit in zip(places, units, strict=True):
        objective.select(row, unit)
