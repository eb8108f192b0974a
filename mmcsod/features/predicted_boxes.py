"""Boxes that a detector predicted in place of ground truth, for choosing which images to label next."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcsod.datasets.ids import leaf_configs
from mmcsod.features.distributed import on_first_process
from mmcsod.features.options import ExtractionOptions
from mmcsod.util.config import training_set
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json, write_json


@dataclass(frozen=True)
class Prediction:
    """One entry of a COCO results file.

    Attributes:
        image_id: ``id`` of the image in the annotation file.
        category_id: ``id`` of the category there.
        bbox: x, y, width, height in pixels of the original image.
        score: 0 to 1.
    """

    image_id: int | str
    category_id: int
    bbox: tuple[float, ...]
    score: float


def with_predictions(cfg: Config, options: ExtractionOptions, directory: Path) -> Config:
    """Return a config whose training set has predicted boxes for its ground truth; the config itself without any.

    The images and categories are those of the config's annotation file, with or without annotations of its own, which
    are not looked at. They are written to ``DIRECTORY.predicted.json`` with the predicted boxes. Images in which
    nothing was predicted stay in the bank, so that they can be included; they are never picked.

    Args:
        cfg: The detector's config.
        options: Names the predictions, if any, and the least score.
        directory: The folder of the bank.

    Raises:
        UserError: If the training set is not one COCO annotation file, or the predictions are not of it.
    """
    if options.predictions is None:
        return cfg
    cfg = copy.deepcopy(cfg)
    leaves = leaf_configs(training_set(cfg))
    if len(leaves) != 1:
        raise UserError(
            f'The training set joins {len(leaves)} datasets, and predictions are of one; give a config '
            'with one annotation file, or override it with --cfg-options.'
        )
    leaf: Any = leaves[0]
    source = Path(leaf.get('data_root') or '', leaf.get('ann_file') or '')
    target = directory.with_name(f'{directory.name}.predicted.json').resolve()
    on_first_process(lambda: write_json(target, _labelled(source, options)))
    leaf['ann_file'] = str(target)
    leaf['filter_cfg'] = {**(leaf.get('filter_cfg') or {}), 'filter_empty_gt': False}
    return cfg


def _labelled(source: Path, options: ExtractionOptions) -> dict[str, Any]:
    """Return the content of an annotation file with the predictions for its annotations."""
    content = read_json(source, "the training set's annotation file", dict)
    return {**content, 'annotations': _annotations(content, source, options)}


def _annotations(content: Mapping[str, Any], source: Path, options: ExtractionOptions) -> list[dict[str, Any]]:
    """Return the predictions of the least score or more as annotations."""
    path = Path(options.predictions or '')
    found = read_json(path, 'a COCO results file', tuple[Prediction, ...])
    known = {
        name: {entry.get('id') for entry in content.get(f'{kind}s', ())}
        for name, kind in (('image_id', 'image'), ('category_id', 'categorie'))
    }
    for name, values in known.items():
        strange = [getattr(one, name) for one in found if getattr(one, name) not in values]
        if strange:
            raise UserError(
                f'{path} is not of {source}: {len(strange)} of its {len(found)} boxes have a {name} that '
                f'is not there, {strange[0]} first.'
            )
    kept = [one for one in found if one.score >= options.score_threshold]
    if not kept:
        raise UserError(
            f'Not one of the {len(found)} boxes of {path} has a score of {options.score_threshold:g} or '
            'more; give a lower --score-threshold.'
        )
    if any(len(one.bbox) != 4 for one in kept):
        raise UserError(f'{path} has a bbox that is not x, y, width and height.')
    return [
        {
            'id': number,
            'image_id': one.image_id,
            'category_id': one.category_id,
            'bbox': list(one.bbox),
            'area': one.bbox[2] * one.bbox[3],
            'iscrowd': 0,
        }
        for number, one in enumerate(kept, 1)
    ]
