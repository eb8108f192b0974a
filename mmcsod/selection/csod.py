"""CSOD's own selection: Algorithm 1, Stage 2, with the scores of Eq. 4."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

from mmcsod.coreset import Pick
from mmcsod.features.bank import FeatureBank
from mmcsod.selection.kernels import get_kernel
from mmcsod.selection.methods import Task, register_method
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.pool import Pool

logger = logging.getLogger('mmcsod')


@register_method('csod', parameters=('lam',))
@register_method('csod-objectwise', parameters=('lam',), prepare=FeatureBank.objectwise)
def csod(task: Task) -> Iterator[Pick]:
    """Pick, class by class in turn, the image with the highest score of Eq. 4 (section 3.5).

    ``csod`` selects on imagewise rows, ``csod-objectwise`` on one row an object (section 4.5).
    """
    pool = task.pool
    objectives = _objectives(task)
    for image in task.included:
        _select(objectives, pool, image)
    for label in task.rotation:
        best = objectives[label].best()
        image = int(pool.row_images[pool.rows_of_class(label).start + best.row])
        _select(objectives, pool, image)
        yield task.take(image, label, pool_similarity=best.pool_similarity,
                        selected_similarity=best.selected_similarity, score=best.score)


def _objectives(task: Task) -> dict[int, ClassObjective]:
    pool, make_kernel = task.pool, get_kernel(task.kernel)
    start = time.perf_counter()
    objectives = {}
    for label in pool.labels:
        eligible = pool.eligible[pool.rows_of_class(label)]
        objectives[label] = ClassObjective(pool.unit_rows(label), eligible, task.lam, make_kernel)
    logger.info('norms and class sums of %d rows: %.2f s', len(pool.vectors), time.perf_counter() - start)
    return objectives


def _select(objectives: dict[int, ClassObjective], pool: Pool, image: int) -> None:
    for row in pool.rows_of_image(image):
        label = int(pool.row_labels[row])
        objectives[label].select(int(row) - pool.rows_of_class(label).start)
