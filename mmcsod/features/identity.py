"""What makes two extractions the same, so that a bank is reused only for what it is."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.config import Config

from mmcsod.features.checkpoint import joint_digest, tensor_digests
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.reader import FeatureReader
from mmcsod.features.taps import Tap
from mmcsod.features.taps.neck import NeckTap
from mmcsod.features.taps.roi_head import RoIHeadTap
from mmcsod.util.config import changed

# The parts of an identity and what people call them.
PARTS = {
    'weights': 'checkpoint',
    'label_scores': 'box head',
    'model': 'model config',
    'tap': 'tap',
    'pipeline': 'image scale or pipeline',
    'dataset': 'dataset (images or annotations)',
    'scores': 'list of scores in --predictions',
    'keep_ignored': '--keep-ignored',
    'keep_objects': '--keep-objects',
    'amp': '--amp',
}
OLD_KEYS = {'label_scores': 'judge'}  # of parts, in banks of version 0.1


@dataclass(frozen=True)
class Identity:
    """What an extraction depends on.

    Attributes:
        parts: JSON values; no paths, so that a moved dataset is the same. Batch size and memory layout are not among
            them: they change a row in its last bits only, which is no reason to extract again.
        tap: What vectors are read with.
    """

    parts: Mapping[str, Any]
    tap: Tap

    def differences(self, found: Mapping[str, Any], options: ExtractionOptions) -> list[str]:
        """Return the names, for people, of the parts in which another extraction is of no use for this one.

        Object vectors and label scores that nobody asked for do no harm.
        """
        unasked = {'keep_objects': not options.keep_objects, 'label_scores': self.parts['label_scores'] is None}
        needed = [part for part in PARTS if not unasked.get(part)]
        return [PARTS[part] for part in needed if not self._agrees(found, part)]

    def _agrees(self, found: Mapping[str, Any], part: str) -> bool:
        value = found.get(part, found.get(OLD_KEYS.get(part, '')))
        if part != 'weights':
            return bool(value == self.parts[part])
        if isinstance(value, Mapping):
            return _same_tensors(value, self.parts['weights'], found.get('tap') == self.parts['tap'])
        return bool(value == joint_digest(self.tap.detector, _is_read_in_0_1(self.tap)))


def identify(
    cfg: Config,
    reader: FeatureReader,
    dataset: ExtractionDataset,
    options: ExtractionOptions,
    scores: np.ndarray | None = None,
) -> Identity:
    """Return what an extraction depends on; ``scores`` are those of predictions, (P,) of ``SCORE_DTYPE``."""
    detector = reader.tap.detector
    parts = {
        'weights': tensor_digests(detector, reader.tap.tensors),
        'label_scores': joint_digest(detector, _is_of_box_head) if reader.scores_labels else None,
        'model': _digest(_architecture(cfg.model)),
        'tap': reader.tap.name,
        'pipeline': _digest(dataset.pipeline),
        'dataset': dataset.fingerprint(),
        'scores': None if scores is None else hashlib.sha256(scores.tobytes()).hexdigest(),
        'keep_ignored': options.keep_ignored,
        'keep_objects': options.keeps_objects(len(dataset.objects)),
        'amp': options.amp,
    }
    return Identity(parts, reader.tap)


def _same_tensors(found: Mapping[str, str], wanted: Mapping[str, str], same_tap: bool) -> bool:
    """Return whether two extractions read the same weights: all of them at one tap, what both read at two."""
    if same_tap:
        return found == wanted
    shared = found.keys() & wanted.keys()
    return bool(shared) and all(found[name] == wanted[name] for name in shared)


def _is_read_in_0_1(tap: Tap) -> Callable[[str], bool]:
    """Return which tensors went into version 0.1's single digest of all weights."""
    modules = {name.partition('.')[0] for name in tap.tensors}
    if isinstance(tap, NeckTap):
        return lambda key: key.partition('.')[0] in modules and not key.endswith('.num_batches_tracked')
    if isinstance(tap, RoIHeadTap):
        return _leads_to_predictors
    return lambda key: True


def _leads_to_predictors(key: str) -> bool:
    module, _, rest = key.partition('.')
    if module == 'roi_head' and not rest.startswith(('bbox_head.', 'bbox_roi_extractor.', 'shared_head.')):
        return False
    others = ('.fc_cls', '.fc_reg', '.num_batches_tracked')
    return module not in ('rpn_head', 'data_preprocessor') and not any(part in key for part in others)


def _is_of_box_head(key: str) -> bool:
    return key.startswith('roi_head.bbox_head.')


def _architecture(model: Any) -> Any:
    """Return a model config without what says how to train, test or initialise; building copies some of it around."""
    others = ('train_cfg', 'test_cfg', 'init_cfg', 'pretrained')
    return changed(model, lambda node: {key: value for key, value in node.items() if key not in others})


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
