"""Scores of the predictions that stand for labels: how certain the detector is of each."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmcsod.features.dataset import ExtractionDataset
from mmcsod.records.bank import SCORE_DTYPE
from mmcsod.util.files import read_json


@dataclass(frozen=True)
class _Content:
    annotations: list[dict[str, Any]]
    categories: list[dict[str, Any]]


def prediction_scores(pool: ExtractionDataset) -> np.ndarray:
    """Return (P,) of ``SCORE_DTYPE``; ground truth of labelled images has none.

    Args:
        pool: Images of the config that :func:`mmcsod.features.predicted_boxes.with_ground_truth` made. CocoDataset
            drops scores, so that its file is read.
    """
    (leaf,) = pool.leaves
    content = read_json(leaf.ann_file, 'a file of predictions', _Content)
    images = {leaf.get_data_info(position)['img_id']: position for position in range(len(leaf))}
    labels = {one['id']: pool.classes.index(one['name']) for one in content.categories if one['name'] in pool.classes}
    found = [
        (images[one['image_id']], labels[one['category_id']], one['score'])
        for one in content.annotations
        if 'score' in one and one['image_id'] in images and one['category_id'] in labels
    ]
    return np.array(found, SCORE_DTYPE)
