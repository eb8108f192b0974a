"""A backbone with the weights that its config names, for choosing images before any detector was trained."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import mmengine
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from mmengine.runner.checkpoint import get_deprecated_model_names, get_external_models, get_mmcls_models
from torch import nn

from mmcsod.features.backbone_and_neck import BackboneAndNeck, backbone_and_neck
from mmcsod.features.checkpoint import load_state_dict
from mmcsod.util.errors import UserError
from mmcsod.util.weights import SCHEME, carried_file

logger = logging.getLogger('mmcsod')


def pretrained_backbone(model: Mapping[str, Any]) -> BackboneAndNeck:
    """Build the backbone of a detector's config with the weights that its ``init_cfg`` names, ImageNet's as a rule."""
    if 'backbone' not in model:
        raise UserError("The config's model has no backbone to read features off without a CHECKPOINT; give one.")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)  # what the weights lack is drawn, the same in each process
        return _built_backbone(model)


def _built_backbone(model: Mapping[str, Any]) -> BackboneAndNeck:
    detector = backbone_and_neck(model, with_neck=False)
    backbone: Any = detector.backbone
    init_cfg = getattr(backbone, 'init_cfg', None)
    if not isinstance(init_cfg, Mapping) or init_cfg.get('type') != 'Pretrained':
        raise UserError(
            f'The backbone {type(backbone).__name__} names no weights of its own (init_cfg of type '
            'Pretrained), and no CHECKPOINT was given; give one, or --backbone.'
        )
    path, prefix = _local_file(init_cfg['checkpoint'])
    prefix = init_cfg.get('prefix', prefix)
    names = {key.removeprefix(prefix or '') for key in load_state_dict(path)}  # refuses what would need unpickling
    _check(backbone, names, path)
    backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': str(path), **({'prefix': prefix} if prefix else {})}
    with _errors_only(MMLogger.get_current_instance()):
        backbone.init_weights()
    logger.info(
        'No detector: features are read off %s with the weights of %s.', type(backbone).__name__, init_cfg['checkpoint']
    )
    return detector


@contextmanager
def _errors_only(log: logging.Logger) -> Iterator[None]:
    """Keep MMEngine from three lines on each tensor, and from those on layers that no map depends on."""
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _check(backbone: nn.Module, names: set[str], path: Path) -> None:
    """Refuse weights of another backbone; those that convert what they load (Swin, PVT) are left to themselves."""
    own = [key for key in backbone.state_dict() if not key.endswith('.num_batches_tracked')]
    found = sum(key in names for key in own)
    if type(backbone).init_weights is BaseModule.init_weights and found * 2 < len(own):
        raise UserError(
            f'The weights {path} are of another backbone: they have {found} of the {len(own)} tensors of '
            f'{type(backbone).__name__}.'
        )


def _local_file(source: str) -> tuple[Path, str | None]:
    """Return the file of a checkpoint's name, fetched where it is a URL; and the prefix of the backbone's tensors."""
    scheme, _, name = source.partition('://')
    if not name:
        return Path(source).expanduser(), None
    if source.startswith(SCHEME):
        return carried_file(source), None
    tables = {
        'torchvision': _torchvision_urls,
        'modelzoo': _torchvision_urls,
        'open-mmlab': get_external_models,
        'openmmlab': get_external_models,
        'mmcls': get_mmcls_models,
    }
    url = source
    if scheme in tables:
        name = get_deprecated_model_names().get(name, name)
        url = tables[scheme]().get(name, '')
    if not url.startswith(('http://', 'https://')):
        raise UserError(
            f'The weights {source} that the backbone names are not known to MMEngine; put their file in '
            'its place with --cfg-options model.backbone.init_cfg.checkpoint=FILE.'
        )
    return _cached(url), 'backbone.' if scheme == 'mmcls' else None


def _torchvision_urls() -> dict[str, str]:
    """Return MMEngine's own list, which needs no torchvision."""
    return json.loads((Path(mmengine.__file__).parent / 'hub' / 'torchvision_0.12.json').read_text())


def _cached(url: str) -> Path:
    path = Path(torch.hub.get_dir()) / 'checkpoints' / url.rpartition('/')[2]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(path), progress=False)
        except (URLError, OSError) as error:
            raise UserError(f'The weights {url} cannot be fetched ({error}); put the file at {path}.') from error
    return path
