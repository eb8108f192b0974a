"""Build the selecting detector from its config and checkpoint."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config
from torch import nn

from mmcsod.errors import UserError
from mmcsod.features.checkpoint import load_state_dict, load_weights
from mmcsod.features.safe_loading import safe_loading

logger = logging.getLogger('mmcsod')


def build_detector(cfg: Config, checkpoint: str | Path, device: str | None = None) -> nn.Module:
    """Build ``cfg.model`` with the weights of ``checkpoint``.

    Args:
        cfg: A config whose ``custom_imports`` have been imported, which reading it does.
        checkpoint: Weights as MMEngine saves them; they may have been trained on other classes.
        device: Where to put it; by default the first CUDA device, or the CPU.

    Raises:
        UserError: If the config has no model that can be built, or the checkpoint cannot be read or is of another
            detector.
    """
    register_all_modules(init_default_scope=True)
    state = load_state_dict(checkpoint)
    try:
        with safe_loading():
            detector = MODELS.build(cfg.model)
    except Exception as error:  # a model config may name anything
        raise UserError(f"The config's model cannot be built: {type(error).__name__}: {error}.") from error
    differing = load_weights(detector, state, checkpoint)
    if differing:
        logger.info('The checkpoint was trained on other classes than the config has: its predictors are not loaded, '
                    'and not needed.')
    return _to_device(detector, device or ('cuda' if torch.cuda.is_available() else 'cpu'))


def _to_device(detector: nn.Module, device: str) -> nn.Module:
    try:
        return detector.to(device)
    except (RuntimeError, AssertionError) as error:  # PyTorch's ways to say that there is no such device
        raise UserError(f"The device '{device}' cannot be used ({str(error).splitlines()[0][:200]}); give cpu, cuda or "
                        'cuda:1, for example.') from error
