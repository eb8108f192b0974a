"""What a tap is, the registry of them, and finding the one that fits a detector."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from mmengine.registry import Registry
from torch import Tensor, nn

from mmcsod.util.errors import UserError

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

    Raises:
        UserError: If the detector lacks what is read.
    """

    name: ClassVar[str] = ''
    description: str = ''

    def __init__(self, detector: Any) -> None:
        self.detector = detector

    @classmethod
    def fits(cls, detector: nn.Module) -> bool:
        """Return whether ``auto`` may take this tap for a detector."""
        return False

    def reads(self, key: str) -> bool:
        """Return whether vectors depend on a tensor of the detector's state dict.

        A checkpoint has to have those that do; and a bank is made anew when they change.
        """
        return True

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
    """Return the tap of a detector.

    Args:
        detector: The detector to read.
        name: A key of ``TAPS``; 'auto' takes the last registered one that fits, which is, of those that come with
            this package, ``fc`` where the box head has shared fully connected layers, else ``roi`` where there is an
            RoI head, else ``neck``.

    Raises:
        UserError: If there is no such tap, or the detector lacks what it reads.
    """
    if name == 'auto':
        tap = next((tap for tap in _last_first() if tap.fits(detector)), None)
        if tap is None:
            raise UserError(
                f'{type(detector).__name__} has neither an RoI head nor a backbone that features could be '
                'read off; register a tap for it, or select with another detector (the coreset then '
                'trains any).'
            )
        return tap(detector)
    if name not in TAPS.module_dict:
        raise UserError(f"There is no tap '{name}'; choose one of auto, {', '.join(TAPS.module_dict)}.")
    return TAPS.module_dict[name](detector)


def _last_first() -> Iterator[type[Tap]]:
    return reversed(TAPS.module_dict.values())
