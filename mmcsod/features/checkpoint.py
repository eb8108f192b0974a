"""Load a selector's weights safely, and tell two sets of weights apart."""

import hashlib
import importlib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmcsod.features.safe_loading import reason, refuse_old_torch, safe_loading
from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few

STATES = ('state_dict', 'model', 'state_dict_ema', 'ema_state_dict', 'model_ema')
"""Where checkpoints keep weights; averaged ones are taken where there are no others."""
PREFIXES = ('module.', '_orig_mod.', 'model.')
"""What wrappers of a model (DataParallel, torch.compile, Lightning) put before every name."""
SAFETENSORS = '.safetensors'
VARIANCE = 'running_var'
"""How batch normalisation's own variance is called."""


@dataclass(frozen=True)
class Checkpoint:
    """The weights of a file by name, and what the training called its classes, None if the file does not say."""

    state: dict[str, Tensor]
    classes: tuple[str, ...] | None = None


def load_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read the weights of a checkpoint alone, as :func:`load_checkpoint` does."""
    return load_checkpoint(path).state


def refuse_missing(path: str | Path) -> None:
    """Raise a :class:`UserError` if there is no checkpoint at a path."""
    if not Path(path).is_file():
        raise UserError(f'There is no checkpoint {path}; give the .pth file of a trained detector.')


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint of MMEngine, a bare state dict or safetensors without running any code from it.

    Raises:
        UserError: If the file is missing, damaged, or needs unsafe unpickling, or PyTorch is too old.
    """
    refuse_old_torch()
    path = Path(path)
    refuse_missing(path)
    try:
        content = _read_safetensors(path) if path.suffix == SAFETENSORS else _read(path)
    except ModuleNotFoundError as error:
        raise UserError(f'{error}; install it, or save the weights with torch.save.') from error
    except Exception as error:  # torch raises many types here, pickle's and zip's own among them
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        raise UserError(_why_unreadable(path, cause)) from error
    classes = _classes(content)
    if isinstance(content, Mapping):
        content = next((content[key] for key in STATES if isinstance(content.get(key), Mapping)), content)
    if not isinstance(content, Mapping) or not any(isinstance(value, Tensor) for value in content.values()):
        raise UserError(f'{path} holds no state_dict; give a checkpoint of a detector.')
    state = {key: value for key, value in content.items() if isinstance(key, str) and isinstance(value, Tensor)}
    return Checkpoint(_unwrapped(state), classes)


def _read(path: Path) -> Any:
    with safe_loading():
        return torch.load(path, map_location='cpu')


def _read_safetensors(path: Path) -> Any:
    try:
        return importlib.import_module('safetensors.torch').load_file(path)
    except ImportError as error:
        raise ModuleNotFoundError(f'reading {path} needs the package safetensors', name='safetensors') from error


def _unwrapped(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by the names that they have without a wrapper; a counter of averaged weights has no place."""
    state = {key: value for key, value in state.items() if key != 'steps'}
    while prefix := next(
        (prefix for prefix in PREFIXES if state and all(key.startswith(prefix) for key in state)), None
    ):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _classes(content: Any) -> tuple[str, ...] | None:
    """Return the classes that MMEngine notes down in ``meta``."""
    node = content
    for key in ('meta', 'dataset_meta', 'classes'):
        node = node.get(key) if isinstance(node, Mapping) else None
    is_list = isinstance(node, list | tuple) and all(isinstance(name, str) for name in node)
    return tuple(node) if is_list else None


def _why_unreadable(path: Path, error: Exception) -> str:
    with path.open('rb') as file:
        start = file.read(20)
    size = path.stat().st_size
    if not start.startswith((b'PK\x03\x04', b'\x80')):
        return (
            f'{path} is no checkpoint of PyTorch: its {size} bytes begin with {start!r}; fetch the file itself, '
            'not a page or a pointer to it.'
        )
    if not isinstance(error, (EOFError, OSError, RuntimeError)):
        return (
            f'The checkpoint {path} cannot be loaded without unsafe unpickling ({reason(error)}); save its '
            'state_dict again with a current MMEngine.'
        )
    cause = str(error).partition('. ')[0][:200] or 'it ends too early'
    return f'The checkpoint {path} is damaged or was cut off: {size} bytes are there ({cause}); copy or save it again.'


def load_weights(
    detector: nn.Module, state: Mapping[str, Tensor], source: str | Path, needed: Collection[str]
) -> list[str]:
    """Load ``state`` into a detector that may have been built for other classes; return the names of other shapes.

    No tap reads the predictors, nor mask, point and other heads, so these may be missing or of other shapes: a
    checkpoint trained on other classes is a legitimate selector. What was not loaded becomes NaN, so that nobody takes
    what an untrained layer says for an answer.

    Raises:
        UserError: If the checkpoint lacks a tensor that is ``needed`` (:attr:`mmcsod.features.taps.Tap.tensors`), or
            one is not finite or a negative variance.
    """
    own = detector.state_dict()
    differing = [key for key, value in state.items() if key in own and own[key].shape != value.shape]
    missing = [key for key in own if key not in state]
    lacking = [key for key in (*missing, *differing) if key in needed]
    if lacking and all(key.startswith('backbone.') for key in state):
        raise UserError(
            f'The checkpoint {source} holds a backbone alone; leave it out and read that one, with --cfg-options '
            f'model.backbone.init_cfg.type=Pretrained model.backbone.init_cfg.checkpoint={source} '
            'model.backbone.init_cfg.prefix=backbone. (with the last dot), or give a checkpoint of the whole detector.'
        )
    if lacking:
        raise UserError(
            f"The checkpoint {source} is of another detector: {len(lacking)} tensors of the config's model "
            f'are missing from it or differ in shape ({first_few(lacking, 3)}); '
            'give the config that it was trained with.'
        )
    _refuse_impossible({key: state[key] for key in own if key in needed}, source)
    try:
        detector.load_state_dict({key: value for key, value in state.items() if key not in differing}, strict=False)
    except (RuntimeError, NotImplementedError) as error:  # sparse or quantised tensors, for example
        raise UserError(
            f'The checkpoint {source} holds weights that cannot be copied into the detector '
            f'({str(error).strip().splitlines()[-1].strip()}); save its state_dict again.'
        ) from error
    not_loaded = {*missing, *differing}
    for key, value in detector.state_dict().items():
        if key in not_loaded and value.is_floating_point():
            value.fill_(math.nan)
    return differing


def _refuse_impossible(tensors: Mapping[str, Tensor], source: str | Path) -> None:
    """Refuse weights that give NaN: some that are not finite, or a variance below 0, of which a root is taken."""
    floats = {key: value for key, value in tensors.items() if value.is_floating_point()}
    bad = [key for key, value in floats.items() if not torch.isfinite(value).all()]
    what = 'NaN or infinity'
    if not bad:
        bad = [key for key, value in floats.items() if key.endswith(VARIANCE) and (value < 0).any()]
        what = 'negative variances'
    if bad:
        raise UserError(
            f'The checkpoint {source} has {what} in {len(bad)} of the {len(tensors)} tensors that are read '
            f'({first_few(bad, 3)}); its training diverged, or it was never trained: give another checkpoint.'
        )


def tensor_digests(detector: nn.Module, names: Collection[str]) -> dict[str, str]:
    """Return the SHA-256 of some tensors by name, the same from a file and from a model in memory."""
    return {
        key: hashlib.sha256(_tensor_bytes(key, value)).hexdigest()
        for key, value in sorted(detector.state_dict().items())
        if key in names
    }


def joint_digest(detector: nn.Module, is_part: Callable[[str], bool]) -> str:
    """Return one SHA-256 of all tensors whose names are part of something."""
    digest = hashlib.sha256()
    for key, value in sorted(detector.state_dict().items()):
        if is_part(key):
            digest.update(_tensor_bytes(key, value))
    return digest.hexdigest()


def _tensor_bytes(key: str, value: Tensor) -> bytes:
    content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return f'{key}:{value.dtype}:{tuple(value.shape)}'.encode() + content
