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
from mmcsod.features.taps import RoITap

logger = logging.getLogger('mmcsod')


def build_detector(cfg: Config, checkpoint: str | Path, device: str | None = None) -> nn.Module:
    """Build ``cfg.model`` with the weights of ``checkpoint``.

    Args:
        cfg: A config whose ``custom_imports`` have been imported, which reading it does.
        checkpoint: Weights as MMEngine saves them; they may have been trained on other classes.
        device: Where to put it; by default the first CUDA device, or the CPU.

    Raises:
        UserError: If there is no such device, the config has no model that can be built or one without an RoI head, or
            the checkpoint cannot be read or is of another detector.
    """
    register_all_modules(init_default_scope=True)
    place = find_device(device)
    state = load_state_dict(checkpoint)
    try:
        with safe_loading():
            detector = MODELS.build(cfg.model)
    except Exception as error:  # a model config may name anything
        raise UserError(f"The config's model cannot be built: {type(error).__name__}: {error}.") from error
    RoITap(detector)  # a detector without an RoI head is not to be told that its weights are missing
    differing = load_weights(detector, state, checkpoint)
    if differing:
        logger.info('The checkpoint was trained on other classes than the config has: its predictors are not loaded, '
                    'and not needed.')
    return detector.to(place)


def find_device(name: str | None) -> torch.device:
    """Return a device by name; by default the first CUDA device, or the CPU.

    Raises:
        UserError: If PyTorch knows no such device, or this machine has none.
    """
    if name is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"'{name}' is no device that PyTorch knows; give cpu, cuda or cuda:N.") from error
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f'There is no device {name}: PyTorch finds {torch.cuda.device_count()} CUDA devices here; give '
                        'another, or cpu.')
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(f'The device {name} cannot be used here ({str(error).splitlines()[0]}); give cpu, cuda or '
                        'cuda:N.') from error
    return device
