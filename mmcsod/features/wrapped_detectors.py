"""The detector inside a model that wraps one: a semi-supervised one's teacher, a tracker's detector."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mmdet.models import DetDataPreprocessor
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.model import ImgDataPreprocessor
from torch import nn

from mmcsod.util.errors import UserError

INNER = ('teacher', 'student', 'detector')
"""Where a model that has no backbone of its own keeps a detector, the most telling first."""


OF_CLIPS = 'use_det_processor'
"""The option of a preprocessor of clips that has it prepare single images in training."""


def inner_detector(model: nn.Module) -> nn.Module:
    """Return the detector inside a model, the model itself if it is one.

    Raises:
        UserError: If the detector inside cannot prepare single images by itself.
    """
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
    """Return the weights of the detector inside a wrapping model's state dict; a plain one's stay as they are."""
    if not any(key.startswith('backbone.') for key in state):
        for prefix in (f'{name}.' for name in INNER):
            own = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            if own:
                return own
    return dict(state)


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
