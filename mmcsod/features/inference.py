"""Running a detector as Stage 1 needs it: in eval mode, put back afterwards, and failing in one sentence."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmcsod.util.errors import UserError


@contextlib.contextmanager
def evaluating(detector: nn.Module) -> Iterator[None]:
    """Put every module into eval mode and back afterwards; some detectors' ``train`` returns nothing to chain on."""
    modes = [(module, module.training) for module in detector.modules()]
    detector.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextlib.contextmanager
def told_in_one_sentence(detector: nn.Module) -> Iterator[None]:
    """Turn whatever a detector's forward pass raises into one sentence; a full GPU is told by the caller."""
    try:
        yield
    except (UserError, torch.cuda.OutOfMemoryError):
        raise
    except Exception as error:  # a model may be made of anything
        name, device = type(detector).__name__, next(detector.parameters()).device
        if 'implementation for device' in str(error) or ('CUDA' in str(error) and device.type == 'cpu'):
            raise UserError(
                f'{name} has an operation that does not run on {device} ({cause(error)}); '
                'select on a machine with a GPU.'
            ) from error
        raise UserError(f'{name} cannot be run on these images ({cause(error)}).') from error


def cause(error: Exception) -> str:
    """Return an exception's type and the first line of what it says, if anything."""
    first = str(error).strip().splitlines()[:1]
    return ': '.join([type(error).__name__, *(line[:200].rstrip('.: ') for line in first)])


def feature_maps(output: Any) -> list[Tensor]:
    """Return the (N, C, H, W) maps in what a backbone or neck returned, in order, however they are nested."""
    if isinstance(output, Tensor):
        return [output] if output.dim() == 4 else []
    if isinstance(output, Mapping):
        output = tuple(output.values())
    if isinstance(output, Sequence) and not isinstance(output, str):
        return [level for part in output for level in feature_maps(part)]
    return []
