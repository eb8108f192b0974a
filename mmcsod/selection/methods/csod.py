"""CSOD's own selection: Algorithm 1, Stage 2, with the scores of Eq. 4."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Pick
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.kernels.base import KernelFactory
from mmcsod.selection.methods.registry import Task, register_method
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.pool import Pool

logger = logging.getLogger('mmcsod')


@register_method('csod', parameters=('lam',))
@register_method('csod-objectwise', parameters=('lam',), prepare=FeatureBank.objectwise)
def csod(task: Task) -> Iterator[Pick]:
    """Pick, class by class in turn, the image with the highest score of Eq. 4 (section 3.5).

    ``csod`` selects on imagewise rows, ``csod-objectwise`` on one row an object (section 4.5).
    """
    start = time.perf_counter()
    objectives = make_objectives(task.pool, task.lam, kernel_factory(task.kernel, task.pool.vectors.nbytes))
    logger.info('norms and class sums of %d rows: %.2f s', len(task.pool.vectors), time.perf_counter() - start)
    yield from take_turns(task, objectives)


def make_objectives(pool: Pool, lam: float, make_kernel: KernelFactory) -> dict[int, ClassObjective]:
    """Return Eq. 4 for each class that takes turns, nothing selected yet.

    Raises:
        UserError: If a vector holds NaN or infinity.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        units = dict(zip(pool.labels, threads.map(pool.unit_rows, pool.labels), strict=True))
    return {label: ClassObjective(units[label], pool.eligible[pool.rows_of_class(label)], lam, make_kernel)
            for label in pool.labels}


def take_turns(task: Task, objectives: dict[int, ClassObjective]) -> Iterator[Pick]:
    """Run the greedy loop of Algorithm 1 (lines 11-20) over objectives, which change with every pick."""
    pool = task.pool
    for image in task.included:
        _select(objectives, pool, image)
    for label in task.rotation:
        best = objectives[label].best()
        image = int(pool.row_images[pool.rows_of_class(label).start + best.row])
        _select(objectives, pool, image)
        yield task.take(image, label, pool_similarity=best.pool_similarity,
                        selected_similarity=best.selected_similarity, score=best.score)


def _select(objectives: dict[int, ClassObjective], pool: Pool, image: int) -> None:
    for row in pool.rows_of_image(image):
        label = int(pool.row_labels[row])
        objectives[label].select(int(row) - pool.rows_of_class(label).start)
