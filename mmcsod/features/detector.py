"""Build the selecting detector and its tap from a config and a checkpoint."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config
from torch import nn

from mmcsod.features.backbone_and_neck import backbone_and_neck, neck_is_enough
from mmcsod.features.checkpoint import load_checkpoint, load_weights
from mmcsod.features.inference import cause
from mmcsod.features.other_backbones import other_backbone
from mmcsod.features.pretrained import pretrained_backbone
from mmcsod.features.safe_loading import safe_loading
from mmcsod.features.taps import TAPS, Tap, attach_tap
from mmcsod.features.wrapped_detectors import inner_config, without_prefix
from mmcsod.util.config import changed
from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')

SYNCHRONISED = ('SyncBN', 'MMSyncBN')
"""Normalisation layers that talk to other processes in training; in eval mode they are plain batch normalisation."""


def build_tap(
    cfg: Config,
    checkpoint: str | Path | None,
    device: str | None = None,
    name: str = 'auto',
    backbone: str | None = None,
) -> Tap:
    """Build what vectors are read from: the detector of ``cfg.model``, or as much of it as the tap needs, and the tap.

    As by MMDetection's ``init_detector``, ``dataset_meta`` of it has the classes that the checkpoint names, if it does.
    Of a model that wraps a detector (semi-supervised ones, trackers), that detector is built. Where there is no RoI
    head to read, backbone and neck are built without their head.

    Args:
        cfg: A config whose ``custom_imports`` have been imported, which reading it does.
        checkpoint: Weights as MMEngine saves them; they may have been trained on other classes. None takes the
            backbone alone, with the weights that its ``init_cfg`` names.
        device: Where to put it; by default the first CUDA device, or the CPU.
        name: The tap; the checkpoint has to have the tensors that it reads.
        backbone: A model of another package in place of the config's (:func:`other_backbone`); the checkpoint is then
            that model's.
    """
    place = find_device(device)
    register_all_modules(init_default_scope=True)
    if backbone is not None:
        return attach_tap(other_backbone(backbone, checkpoint).to(place), name)
    if checkpoint is None:
        return attach_tap(_built(lambda: pretrained_backbone(_model_config(cfg))).to(place), name)
    loaded = load_checkpoint(checkpoint)
    tap = attach_tap(untrained_detector(cfg, name).to(place), name)
    if loaded.classes is not None:
        tap.detector.dataset_meta = {'classes': loaded.classes}  # where MMDetection's init_detector puts it
    if load_weights(tap.detector, without_prefix(loaded.state), checkpoint, tap.tensors):
        logger.info(
            'The checkpoint was trained on other classes than the config has: its predictors are not '
            'loaded, and not needed.'
        )
    return tap


def untrained_tap(cfg: Config, name: str = 'auto', from_backbone: bool = False) -> Tap:
    """Build what vectors would be read from, on the CPU, without any weights loaded."""
    if not from_backbone:
        return attach_tap(untrained_detector(cfg, name), name)
    register_all_modules(init_default_scope=True)
    return attach_tap(_built(lambda: backbone_and_neck(_model_config(cfg), with_neck=False)), name)


def untrained_detector(cfg: Config, tap: str = 'auto') -> nn.Module:
    """Build the same without any weights loaded, on the CPU."""
    register_all_modules(init_default_scope=True)
    model = _model_config(cfg)
    return _built(lambda: _build(model, tap))


def _model_config(cfg: Config) -> Mapping[str, Any]:
    if not isinstance(cfg.get('model'), Mapping):
        raise UserError('The config has no `model`; give the config that a detector is trained with.')
    return inner_config(changed(cfg.model, _for_reading))


def _for_reading(node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a model's config that needs no process group for its normalisation, and no torchvision.

    MMCV has torchvision's RoIAlign, too, so that nothing depends on whether torchvision is installed.
    """
    if node.get('type') in SYNCHRONISED:
        node['type'] = 'BN'
    return {**node, 'use_torchvision': False} if 'use_torchvision' in node else node


def _build(model: Mapping[str, Any], tap: str) -> nn.Module:
    own_taps = any(not tap.__module__.startswith('mmcsod.') for tap in TAPS.module_dict.values())
    takes_neck = tap == 'neck' or (tap == 'auto' and 'roi_head' not in model and not own_taps)
    return backbone_and_neck(model) if takes_neck and neck_is_enough(model) else MODELS.build(model)


def _built(build: Callable[[], nn.Module]) -> nn.Module:
    try:
        with safe_loading():
            return build()
    except UserError:
        raise
    except Exception as error:  # a model config may name anything
        raise UserError(f"The config's model cannot be built ({cause(error)}).") from error


def find_device(name: str | None) -> torch.device:
    """Return a device by name; by default the first CUDA device, or the CPU."""
    if name is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UserError(f"'{name}' is no device that PyTorch knows; give cpu, cuda or cuda:N.") from error
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(
            f'There is no device {name}: PyTorch finds {torch.cuda.device_count()} CUDA devices here; give '
            'another, or cpu.'
        )
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise UserError(
            f'The device {name} cannot be used here ({str(error).splitlines()[0]}); give cpu, cuda or cuda:N.'
        ) from error
    return device
