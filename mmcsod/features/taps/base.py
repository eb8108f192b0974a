"""What a tap is, the registry of them, and finding the one that fits a detector."""

from typing import Any, ClassVar

import torch
from mmengine.registry import Registry
from torch import Tensor, nn

from mmcsod.features.inference import evaluating, told_in_one_sentence
from mmcsod.features.tensors_read import TensorsRead
from mmcsod.util.errors import UserError

PROBE_SIZE = 512
"""Width and height, in pixels, of the blank image that a tap is tried on."""

TAPS = Registry('tap')
"""Taps by name. A class that is registered here can be given as ``--tap NAME``, and ``auto`` asks it first."""


class Tap:
    """Reads one vector for each box off a detector.

    A tap for a detector of one's own is a subclass with a method :meth:`__call__`, registered under its ``name``::

        from mmcsod.features.taps import TAPS, Tap

        @TAPS.register_module(name='mine')
        class MyTap(Tap):
            name = 'mine'

    Args:
        detector: A detector; what a subclass looks for in it is up to the subclass.

    Attributes:
        name: What it is registered as.
        description: The modules read, for people.
        tensors: Names of the detector's tensors that vectors depend on. A checkpoint must have them, and a bank is
            made anew when they change.
        dimensions: Of a vector.
        probe_size: Side of the blank image that ``study`` sees the maps of, in pixels.

    Raises:
        UserError: If the detector lacks what is read.
    """

    name: ClassVar[str] = ''
    description: str = ''
    tensors: frozenset[str] = frozenset()
    dimensions: int = 0
    probe_size: int = PROBE_SIZE

    def __init__(self, detector: Any) -> None:
        self.detector = detector

    @classmethod
    def fits(cls, detector: nn.Module) -> bool:
        """Return whether ``auto`` may take this tap for a detector."""
        return False

    def study(self, features: Any) -> None:
        """Look at what ``extract_feat`` returned for a blank image, before any box is read."""

    def __call__(self, features: Any, rois: Tensor) -> Tensor:
        """Return the vectors of some boxes.

        Args:
            features: What the detector's ``extract_feat`` returned for a batch of images.
            rois: (K, 5) float: index in the batch, then x1, y1, x2, y2 in pixels of the resized image.

        Returns:
            (K, d) vectors r_ij; d is the same for all boxes of all images.
        """
        raise NotImplementedError


def attach_tap(detector: nn.Module, name: str = 'auto') -> Tap:
    """Return the tap of a detector, tried on a blank image.

    Args:
        detector: The detector to read.
        name: A key of ``TAPS``; 'auto' takes the last registered one that fits, which is, of those that come with
            this package, ``fc`` where the box head has shared fully connected layers, else ``roi`` where there is an
            RoI head, else ``neck``.
    """
    tap = _tap_class(detector, name)(detector)
    _try(detector, tap)
    return tap


def _try(detector: Any, tap: Tap) -> None:
    """Read one box of a blank image, and note what that depends on."""
    device = next(detector.parameters()).device
    tap.probe_size = size = _probe_size(detector)
    image = torch.zeros(1, _channels(detector.backbone), size, size, device=device)
    box = torch.tensor([[0.0, 0, 0, size / 2, size / 2]], device=device)

    with evaluating(detector), torch.no_grad(), told_in_one_sentence(detector), TensorsRead(detector) as read:
        features = detector.extract_feat(image)
        read.go_on_from(features)
        tap.study(features)
        vectors = tap(features, box)
        tap.tensors, tap.dimensions = read.of((features, vectors)), vectors.shape[1]


def _probe_size(detector: Any) -> int:
    """Return the side of the blank image: one that images may have after padding, as patches of 14 pixels demand."""
    divisor = int(getattr(getattr(detector, 'data_preprocessor', None), 'pad_size_divisor', 1))
    return -(-PROBE_SIZE // divisor) * divisor


def _channels(backbone: nn.Module) -> int:
    """Return the channels of the images that a backbone takes, those of its first convolution as a rule."""
    first = next((module.in_channels for module in backbone.modules() if isinstance(module, nn.Conv2d)), 3)
    return 3 if first == 12 else first  # YOLOX cuts images into quarters and puts them side by side


def _tap_class(detector: nn.Module, name: str) -> type[Tap]:
    if name == 'auto':
        tap = next((tap for tap in reversed(TAPS.module_dict.values()) if tap.fits(detector)), None)
        if tap is None:
            raise UserError(
                f'{type(detector).__name__} has neither an RoI head nor a backbone that features could be '
                'read off; register a tap for it, or select with another detector (the coreset then '
                'trains any).'
            )
        return tap
    if name not in TAPS.module_dict:
        raise UserError(f"There is no tap '{name}'; choose one of auto, {', '.join(TAPS.module_dict)}.")
    return TAPS.module_dict[name]
