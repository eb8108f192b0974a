"""The detector inside a model that wraps one: a semi-supervised one's teacher, a tracker's detector."""

import inspect
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.models import DetDataPreprocessor
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.model import ImgDataPreprocessor
from torch import nn

from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')

INNER = ('teacher', 'student', 'detector')
"""Where a model that has no backbone of its own keeps a detector, the most telling first."""

OF_CLIPS = 'use_det_processor'
"""The option of a preprocessor of clips that has it prepare single images in training."""


def inner_detector(model: nn.Module) -> nn.Module:
    """Return the detector inside a model, the model itself if it is one."""
    outer = model
    while not hasattr(model, 'backbone'):
        inside = [getattr(model, name) for name in INNER if isinstance(getattr(model, name, None), nn.Module)]
        if not inside:
            return model
        model = inside[0]
    if model is not outer and not isinstance(getattr(model, 'data_preprocessor', None), ImgDataPreprocessor):
        raise UserError(
            f'The detector inside {type(outer).__name__} has no data_preprocessor of its own; '
            "select with 'mmcsod select' from its checkpoint."
        )
    return model


def inner_config(model: Mapping[str, Any]) -> ConfigDict:
    """Return the config of the detector inside a model's config, with what prepares single images for it."""
    config = ConfigDict(model)
    while 'backbone' not in config and 'type' in (config.get('detector') or {}):
        inner = ConfigDict(config.detector)
        if 'data_preprocessor' not in inner and 'data_preprocessor' in config:
            inner.data_preprocessor = config.data_preprocessor
        config = inner
    if 'data_preprocessor' in config:
        config.data_preprocessor = _for_images(config.data_preprocessor)
    return config


def without_prefix(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights of the detector inside a wrapping model's state dict; a plain one's stay as they are.

    Of a teacher and a student, the teacher is taken.
    """
    before = dict.fromkeys(key.partition('backbone.')[0] for key in state if 'backbone.' in key)
    prefixes = [prefix for prefix in before if not prefix or prefix.endswith('.')]
    if not prefixes or '' in prefixes:
        return dict(state)
    chosen = _most_telling(prefixes)
    return {key.removeprefix(chosen): value for key, value in state.items() if key.startswith(chosen)}


def _most_telling(prefixes: Sequence[str]) -> str:
    if len(prefixes) == 1:
        return prefixes[0]
    listed = first_few([prefix.removesuffix('.') for prefix in prefixes])
    for name in INNER:
        if found := [prefix for prefix in prefixes if prefix.split('.')[-2] == name]:
            logger.info('The checkpoint holds several detectors (%s): the %s is read.', listed, name)
            return found[0]
    raise UserError(f'The checkpoint holds several detectors ({listed}); save the state_dict of one.')


def _for_images(preprocessor: Mapping[str, Any]) -> ConfigDict:
    """Return the config that prepares single images as another one prepares branches or clips of them."""
    if 'data_preprocessor' in preprocessor:
        return ConfigDict(preprocessor['data_preprocessor'])
    kind = MODELS.get(preprocessor['type']) if isinstance(preprocessor['type'], str) else preprocessor['type']
    if not (
        inspect.isclass(kind)
        and issubclass(kind, DetDataPreprocessor)
        and OF_CLIPS in inspect.signature(kind).parameters
    ):
        return ConfigDict(preprocessor)
    known = inspect.signature(DetDataPreprocessor).parameters
    return ConfigDict({key: value for key, value in preprocessor.items() if key in known}, type='DetDataPreprocessor')
