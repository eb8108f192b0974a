"""The tap for detectors without an RoI head: boxes are cut out of the maps that the head reads."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, NamedTuple

import torch
from mmcv.ops import roi_align
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmcsod.features.inference import evaluating, feature_maps, told_in_one_sentence
from mmcsod.features.taps.base import Tap
from mmcsod.util.errors import UserError

OUTPUT_SIZE = 7
FINEST_BOX = 14
"""FPN's rule: a box of 14 cells of the finest map begins its second level (224 pixels: P4, of stride 16)."""
PROBE_SIZE = 512


class Probe(NamedTuple):
    """What a blank image says of a detector.

    Attributes:
        levels: Index of each map that is read, finest first.
        strides: Pixels of the image for each cell of these maps.
        widths: Channels of these maps.
        modules: Names of the detector's parts that made them.
    """

    levels: tuple[int, ...]
    strides: tuple[float, ...]
    widths: tuple[int, ...]
    modules: frozenset[str]


class NeckTap(Tap):
    """RoIAlign (7 x 7) on the neck's maps, averaged; on the backbone's maps where there is no neck.

    - Levels: where all maps have one width, a box is read off one of them, by the rule of Feature Pyramid Networks
      (Eq. 1 there): level floor(log2(side / (14 x finest stride))), side being the square root of its area.
    - Where widths differ (SSD, backbones without a neck), a box is read off every map, and the unit vectors of all
      stand side by side, so that each map has an equal say in a cosine.
    - Of several maps with one stride (stacked hourglasses), the last is read.

    Strides are found with a blank image of 512 x 512 pixels, once, so that they are the same for every image.

    Raises:
        UserError: If the detector has no backbone.
    """

    name = 'neck'

    def __init__(self, detector: Any) -> None:
        super().__init__(detector)
        if not self.fits(detector):
            raise UserError(
                f"{type(detector).__name__} has no backbone of its own whose maps the tap 'neck' could "
                'read; select with another detector (the coreset then trains any).'
            )

    @classmethod
    def fits(cls, detector: nn.Module) -> bool:
        """Return whether there are maps to read."""
        return isinstance(getattr(detector, 'backbone', None), nn.Module) and hasattr(detector, 'extract_feat')

    @property
    def description(self) -> str:  # type: ignore[override]
        """The maps read, for people."""
        source = 'neck' if 'neck' in self.probe.modules else 'backbone'
        strides = ', '.join(f'{stride:g}' for stride in self.probe.strides)
        text = f'{source} maps of strides {strides} -> RoIAlign {OUTPUT_SIZE} x {OUTPUT_SIZE} -> global average pooling'
        return text if self._one_width else f'{text}, unit vectors of all maps side by side'

    @property
    def _one_width(self) -> bool:
        return len(set(self.probe.widths)) == 1

    def reads(self, key: str) -> bool:
        """Return whether a tensor belongs to a part that made the maps."""
        return key.partition('.')[0] in self.probe.modules and not key.endswith('.num_batches_tracked')

    @cached_property
    def probe(self) -> Probe:
        """What a blank image says of the detector."""
        return probe(self.detector)

    def __call__(self, features: Any, rois: Tensor) -> Tensor:
        """Return the vectors of some boxes; see :meth:`Tap.__call__`."""
        maps = feature_maps(features)
        chosen = [maps[level].float().contiguous() for level in self.probe.levels]
        with torch.autocast(rois.device.type, enabled=False):
            if not self._one_width:
                parts = [self._read(level, index, rois) for index, level in enumerate(chosen)]
                return torch.cat([normalize(part, eps=1e-30) for part in parts], dim=1)
            vectors = rois.new_zeros(len(rois), self.probe.widths[0])
            of_level = self._level_of(rois)
            for index, level in enumerate(chosen):
                own = of_level == index
                vectors[own] = self._read(level, index, rois[own])
            return vectors

    def _read(self, level: Tensor, index: int, rois: Tensor) -> Tensor:
        size, scale = (OUTPUT_SIZE, OUTPUT_SIZE), 1 / self.probe.strides[index]
        return roi_align(level, rois, size, scale, 0, 'avg', True).mean(dim=(2, 3))

    def _level_of(self, rois: Tensor) -> Tensor:
        """Return for each box the level whose stride is nearest to the one that FPN's rule gives."""
        finest = self.probe.strides[0]
        side = ((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2])).clamp(min=0).sqrt()
        wanted = (side / (FINEST_BOX * finest) + 1e-6).log2().floor().clamp(min=0)
        octaves = rois.new_tensor([math.log2(stride / finest) for stride in self.probe.strides])
        return (wanted[:, None] - octaves).abs().argmin(dim=1)


def probe(detector: Any) -> Probe:
    """Run a detector's backbone and neck on a blank image; its mode and statistics are left as they are.

    Raises:
        UserError: If it cannot be run, or gives no maps.
    """
    ran: set[str] = set()
    handles = [
        module.register_forward_hook(lambda *_, name=name: ran.add(name)) for name, module in detector.named_children()
    ]
    try:
        with evaluating(detector), torch.inference_mode(), told_in_one_sentence(detector):
            blank = torch.zeros(1, 3, PROBE_SIZE, PROBE_SIZE, device=next(detector.parameters()).device)
            maps = feature_maps(detector.extract_feat(blank))
    finally:
        for handle in handles:
            handle.remove()
    if not maps:
        raise UserError(f"{type(detector).__name__} gives no feature maps for the tap 'neck' to read.")
    last_of_stride = {PROBE_SIZE / max(level.shape[-2:]): index for index, level in enumerate(maps)}
    levels = tuple(index for _, index in sorted(last_of_stride.items()))
    return Probe(levels, tuple(sorted(last_of_stride)), tuple(maps[i].shape[1] for i in levels), frozenset(ran))
