"""Boxes that a detector predicted in place of ground truth, for choosing which images to label next."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcsod.datasets.check.config import BY_IMAGE, log_findings, use_checked_labels
from mmcsod.datasets.check.findings import refuse_errors
from mmcsod.datasets.check.leaf import check_leaf
from mmcsod.datasets.check.predictions import check_predictions
from mmcsod.datasets.ids import leaf_configs
from mmcsod.features.options import ExtractionOptions
from mmcsod.util.config import training_set
from mmcsod.util.distributed import Group
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_json


def with_predictions(cfg: Config, options: ExtractionOptions, directory: Path, group: Group) -> Config:
    """Return a config whose labels are checked, or whose training set has predicted boxes for its ground truth.

    The images and categories are those of the config's annotation file, with or without annotations of its own, which
    are not looked at. They are written to ``DIRECTORY.predicted.json`` with the predicted boxes. Images in which
    nothing was predicted stay in the bank, so that they can be included; they are never picked.

    Args:
        cfg: The detector's config.
        options: Names the predictions, if any, and the least score.
        directory: The folder of the bank.
        group: The processes that extract together; the first of them writes.

    Raises:
        UserError: If labels or predictions are broken, or the training set is not one COCO annotation file.
    """
    cfg = copy.deepcopy(cfg)
    path = options.predictions
    if path is None:
        use_checked_labels(cfg, directory.with_name('labels'), ('train',), look_for_images=True)
        return cfg
    leaves = leaf_configs(training_set(cfg))
    if len(leaves) != 1:
        raise UserError(
            f'The training set joins {len(leaves)} datasets, and predictions are of one; give a config '
            'with one annotation file, or override it with --cfg-options.'
        )
    leaf: Any = leaves[0]
    target = directory.with_name(f'{directory.name}.predicted.json').resolve()
    group.on_first(lambda: write_json(target, _labelled(leaf, path, options.score_threshold)))
    leaf['ann_file'] = str(target)
    leaf['filter_cfg'] = {**(leaf.get('filter_cfg') or {}), 'filter_empty_gt': False}
    return cfg


def _labelled(leaf: Mapping[str, Any], path: str, threshold: float) -> dict[str, Any]:
    """Return the content of an annotation file with the predictions for its annotations."""
    checked = check_leaf(leaf, annotated=False)
    refuse_errors(checked.findings, BY_IMAGE)
    if not isinstance(checked.content, dict):
        raise UserError(f'{leaf.get("ann_file")} is not a COCO file, and predictions name its images by their ids.')
    return {**checked.content, 'annotations': _annotations(checked.content, path, threshold)}


def _annotations(content: Mapping[str, Any], path: str, threshold: float) -> list[dict[str, Any]]:
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
