"""Boxes that a detector predicted in place of ground truth, for choosing which images to label next; their scores."""

import copy
import logging
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmcsod.datasets.check import BY_IMAGE, log_findings, use_checked_labels
from mmcsod.datasets.check_leaf import check_leaf
from mmcsod.datasets.ids import image_id, leaf_configs
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.options import ExtractionOptions
from mmcsod.labels.check.findings import refuse_errors
from mmcsod.labels.check.predictions import check_predictions
from mmcsod.records.bank import SCORE_DTYPE
from mmcsod.util.config import training_set
from mmcsod.util.distributed import ALONE, World
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json, write_json

logger = logging.getLogger('mmcsod')


def with_ground_truth(
    cfg: Config, options: ExtractionOptions, directory: Path, world: World = ALONE, look_for_images: bool = True
) -> Config:
    """Return a config whose labels are checked, or whose training set has predicted boxes for its ground truth.

    The images and categories are those of the config's annotation file. Its annotations, if there are any, count for
    the images that ``options.labelled`` names, and no others. The result is written to ``DIRECTORY.predicted.json``.
    Images in which nothing was predicted stay in the bank, so that they can be included; they are never selected.
    """
    cfg = copy.deepcopy(cfg)
    path = options.predictions
    if path is None:
        use_checked_labels(cfg, directory.with_name('labels'), ('train',), look_for_images)
        return cfg
    leaves = leaf_configs(training_set(cfg))
    if len(leaves) != 1:
        raise UserError(
            f'The training set joins {len(leaves)} datasets, and predictions are of one; give a config '
            'with one annotation file, or override it with --cfg-options.'
        )
    leaf: Any = leaves[0]
    target = directory.with_name(f'{directory.name}.predicted.json').resolve()
    world.on_first(lambda: write_json(target, _labelled(leaf, path, options)))
    leaf['ann_file'] = str(target)
    leaf['filter_cfg'] = {**(leaf.get('filter_cfg') or {}), 'filter_empty_gt': False}
    return cfg


def _labelled(leaf: Mapping[str, Any], path: str, options: ExtractionOptions) -> dict[str, Any]:
    """Return the content of an annotation file with predictions for the annotations of images not labelled yet."""
    checked = check_leaf(leaf, annotated=bool(options.labelled))
    refuse_errors(checked.findings, BY_IMAGE)
    content = checked.content
    if content is None and checked.categories is not None:  # nothing in the file had to be corrected
        content = read_json(checked.ann_file, "the training set's annotation file")
    if not isinstance(content, dict):
        raise UserError(f'{leaf.get("ann_file")} is not a COCO file, and predictions name its images by their ids.')
    labelled = _numbers(content, leaf, options.labelled)
    kept = [one for one in content.get('annotations', ()) if one['image_id'] in labelled] if labelled else []
    found = [one for one in _predictions(content, path, options.score_threshold) if one['image_id'] not in labelled]
    annotations = [{**one, 'id': number} for number, one in enumerate((*kept, *found), 1)]
    if labelled:
        logger.info('Objects of %d labelled images are ground truth, those of the others predictions.', len(labelled))
    return {**content, 'annotations': annotations}


def _numbers(content: Mapping[str, Any], leaf: Mapping[str, Any], labelled: Collection[str]) -> set[Any]:
    """Return the ``id`` in the annotation file of each labelled image."""
    wanted, root = set(labelled), str(leaf.get('data_root') or '')
    folder = os.path.join(root, (leaf.get('data_prefix') or {}).get('img', ''))  # noqa: PTH118 (may be a URL)
    return {one['id'] for one in content['images'] if image_id(f'{folder}/{one["file_name"]}', root) in wanted}


def _predictions(content: Mapping[str, Any], path: str, threshold: float) -> list[dict[str, Any]]:
    """Return the predictions of the least score or more as annotations."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f'The predictions {path} cannot be read: {error.strerror}.') from error
    predictions, findings = check_predictions(raw, path, content)
    refuse_errors(findings)
    log_findings(findings)
    kept = [one for one in predictions if one['score'] >= threshold]
    if not kept:
        raise UserError(
            f'Not one of the {len(predictions)} boxes of {path} has a score of {threshold:g} or '
            'more; give a lower --score-threshold.'
        )
    return kept


@dataclass(frozen=True)
class _Content:
    annotations: list[dict[str, Any]]
    categories: list[dict[str, Any]]


def prediction_scores(dataset: ExtractionDataset) -> np.ndarray:
    """Return (P,) of ``SCORE_DTYPE``, the score of each prediction that stands for a label; ground truth has none.

    ``dataset`` is that of a config from :func:`with_ground_truth`. CocoDataset drops scores, so its file is read.
    """
    (leaf,) = dataset.leaves
    content = read_json(leaf.ann_file, 'a file of predictions', _Content)
    images = {leaf.get_data_info(position)['img_id']: position for position in range(len(leaf))}
    labels = {
        one['id']: dataset.classes.index(one['name']) for one in content.categories if one['name'] in dataset.classes
    }
    found = [
        (images[one['image_id']], labels[one['category_id']], one['score'])
        for one in content.annotations
        if 'score' in one and one['image_id'] in images and one['category_id'] in labels
    ]
    return np.array(found, SCORE_DTYPE)
