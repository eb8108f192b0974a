"""Training-free dataset pruning, from the boxes alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.registry import Task, register_method
from mmcsod.util.errors import UserError


@register_method('tfdp')
def tfdp(task: Task) -> Iterator[Pick]:
    """TFDP (Dai et al., ICLR 2025) with boxes for masks: the images whose shapes are most complex, all at once.

    An object's score is its perimeter over that of a circle of its area, P / (2 sqrt(pi A)), which does not depend on
    its size, divided by the sum of these over its class; an image's is the sum over its objects. The paper measures
    instance masks. Of equal images the first in dataset order comes first. Classes take no turns.
    """
    scores = image_scores(task)
    images = task.rotation.candidates()
    for image in images[np.argsort(-scores[images], kind='stable')]:
        yield task.take(int(image), score=float(scores[image]))


def image_scores(task: Task) -> np.ndarray:
    """Return the score of each of the bank's images, (D,) float64; boxes without area count nothing.

    Raises:
        UserError: If the bank holds no boxes.
    """
    bank = task.pool.bank
    if bank.objects is None:
        raise UserError(
            "This bank holds no boxes, which the method 'tfdp' selects on; extract it with "
            'mmcsod select, or give FeatureBank its objects.'
        )
    boxes = bank.objects['box'].astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    objects = ~bank.objects['ignored'] & np.isin(bank.objects['label'], task.pool.labels) & (sides > 0).all(axis=1)
    objects &= np.isin(bank.objects['image'], task.pool.images)
    images, labels, sides = bank.objects['image'][objects], bank.objects['label'][objects], sides[objects]
    shapes = sides.sum(axis=1) / np.sqrt(np.pi * sides.prod(axis=1))
    of_class = np.bincount(labels, shapes, minlength=len(bank.classes))
    return np.bincount(images, shapes / of_class[labels], minlength=len(bank.images))
