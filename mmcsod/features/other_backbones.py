"""Backbones of timm and torchvision by name, for choosing images before any detector was trained."""

import importlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mmcsod.features.backbone_and_neck import BackboneAndNeck
from mmcsod.features.checkpoint import load_state_dict
from mmcsod.features.inference import cause, feature_maps
from mmcsod.util.errors import UserError, first_cause

LEAST_STRIDE = 4
"""Finer maps show edges and little else."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Stages(nn.Module):
    """The last map of each stride that a classifier makes on its way, from stride 4 on.

    Whatever its parts are called, those that give (N, C, H, W) maps are found as they run.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of images, (N, 3, H, W), finest first."""
        maps: dict[int, Tensor] = {}

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            for level in feature_maps(output):
                stride = round(images.shape[-1] / level.shape[-1])
                if stride >= LEAST_STRIDE and min(level.shape[-2:]) > 1:
                    maps[stride] = level

        handles = [part.register_forward_hook(keep) for part in _parts(self.model)]
        try:
            self.model(images)
        finally:
            for handle in handles:
                handle.remove()
        return tuple(level for _, level in sorted(maps.items()))


def _parts(model: nn.Module) -> list[nn.Module]:
    """Return the parts that run one after the other: children, and the children of plain sequences."""
    parts = []
    for child in model.children():
        parts += list(child.children()) if isinstance(child, nn.Sequential) else [child]
    return parts


def _timm(name: str, weights: Path | None) -> BackboneAndNeck:
    timm = _package('timm')
    if weights is not None:
        load_state_dict(weights)  # refuses what would need unpickling, which timm itself would do
    file = {} if weights is None else {'pretrained_cfg_overlay': {'file': str(weights)}}
    model = _any_size(timm.create_model, name, pretrained=True, features_only=True, **file)
    model.register_forward_hook(_channels_first)
    settings = getattr(model, 'pretrained_cfg', None) or {}
    divisor = math.lcm(*map(int, model.feature_info.reduction()))  # a patch of a transformer, 32 as a rule elsewhere
    return _prepared(model, settings.get('mean', MEAN), settings.get('std', STD), divisor)


def _any_size(create: Callable[..., Any], name: str, **options: Any) -> Any:
    """Return a model for images of any size, which transformers with position embeddings are only when asked."""
    try:
        return create(name, dynamic_img_size=True, **options)
    except TypeError:  # convolutions have no such argument, and need none
        return create(name, **options)


def _channels_first(model: Any, inputs: Any, maps: list[Tensor]) -> list[Tensor]:
    """Turn maps that a transformer gives as (N, H, W, C) into (N, C, H, W)."""
    return [level.permute(0, 3, 1, 2) for level in maps] if model.output_fmt == 'NHWC' else maps


def _torchvision(name: str, weights: Path | None) -> BackboneAndNeck:
    models = _package('torchvision.models')
    model = models.get_model(name, weights='DEFAULT' if weights is None else None)
    return _prepared(Stages(model if weights is None else _loaded(model, weights)), MEAN, STD, 32)


SOURCES: Mapping[str, Callable[[str, Path | None], BackboneAndNeck]] = {'timm': _timm, 'torchvision': _torchvision}


def other_backbone(name: str, weights: str | Path | None = None) -> BackboneAndNeck:
    """Build a backbone of another package, such as ``timm:resnet18``, with the weights given or its package's own."""
    source, _, model = name.partition(':')
    if source not in SOURCES or not model:
        raise UserError(f"'{name}' is no backbone; write {' or '.join(f'{source}:NAME' for source in SOURCES)}.")
    try:
        return SOURCES[source](model, None if weights is None else Path(weights))
    except UserError:
        raise
    except Exception as error:  # these packages raise what they meet, on the way to their site too
        raise UserError(f'The backbone {name} cannot be built ({cause(error)}).') from error


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:  # a package built for another PyTorch raises more than ImportError
        raise UserError(
            f'--backbone needs {name.partition(".")[0]}, which cannot be imported here ({first_cause(error)}).'
        ) from error


def _loaded(model: nn.Module, weights: Path) -> nn.Module:
    state, own = load_state_dict(weights), model.state_dict()
    missing = [key for key in own if key not in state and not key.endswith('num_batches_tracked')]
    if missing:
        raise UserError(
            f'The weights {weights} are of another model: {len(missing)} of its {len(own)} tensors are not '
            f'there, {missing[0]} first.'
        )
    model.load_state_dict({key: state[key] for key in own if key in state}, strict=False)
    return model


def _prepared(model: nn.Module, mean: Any, std: Any, divisor: int) -> BackboneAndNeck:
    """Return the model with what prepares images for it: RGB, normalised as its own package does."""
    return BackboneAndNeck(
        model,
        data_preprocessor={
            'type': 'DetDataPreprocessor',
            'bgr_to_rgb': True,
            'pad_size_divisor': divisor,
            'mean': [255 * value for value in mean],
            'std': [255 * value for value in std],
        },
    )
