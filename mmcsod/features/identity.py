"""What makes two extractions the same, so that a bank is reused only for what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from torch import nn

from mmcsod.features.checkpoint import state_digest
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.options import FEW_OBJECTS, ExtractionOptions
from mmcsod.features.reader import FeatureReader

# The parts of an identity and what people call them.
PARTS = {
    'weights': 'checkpoint',
    'judge': 'box head',
    'model': 'model config',
    'tap': 'tap',
    'pipeline': 'image scale or pipeline',
    'dataset': 'dataset (images or annotations)',
    'keep_ignored': '--keep-ignored',
    'keep_objects': '--keep-objects',
    'amp': '--amp',
}


def identify(
    detector: nn.Module, cfg: Config, reader: FeatureReader, pool: ExtractionDataset, options: ExtractionOptions
) -> dict[str, Any]:
    """Return what an extraction depends on, as JSON values; no paths, so that a moved dataset is the same.

    Batch size and memory layout are not among them: they change a row in its last bits only, which is no reason to
    extract again.
    """
    return {
        'weights': state_digest(detector, reader.tap.reads),
        'judge': state_digest(detector, _of_the_box_head) if reader.is_judging else None,
        'model': _digest(_architecture(cfg.model)),
        'tap': reader.tap.name,
        'pipeline': _digest(pool.pipeline),
        'dataset': pool.fingerprint(),
        'keep_ignored': options.keep_ignored,
        'keep_objects': _keep_objects(pool, options),
        'amp': options.amp,
    }


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any], options: ExtractionOptions) -> list[str]:
    """Return the names, for people, of the parts in which what was found is of no use for what is wanted.

    The vectors of objects do no harm where nobody asked for them.
    """
    needed = [part for part in PARTS if part != 'keep_objects' or options.keep_objects]
    return [PARTS[part] for part in needed if found.get(part) != wanted.get(part)]


def _of_the_box_head(key: str) -> bool:
    return key.startswith('roi_head.bbox_head.')


def _keep_objects(pool: ExtractionDataset, options: ExtractionOptions) -> bool:
    return len(pool.objects) <= FEW_OBJECTS if options.keep_objects is None else options.keep_objects


def _architecture(node: Any) -> Any:
    """Return a model config without what says how to train, test or initialise; building copies some of it around."""
    if isinstance(node, Mapping):
        return {
            key: _architecture(value)
            for key, value in node.items()
            if key not in ('train_cfg', 'test_cfg', 'init_cfg', 'pretrained')
        }
    if isinstance(node, (list, tuple)):
        return [_architecture(value) for value in node]
    return node


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
