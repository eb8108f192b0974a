"""The tap for detectors without an RoI head: boxes are cut out of the maps that the head reads."""

import math
from typing import Any, NamedTuple

import torch
from mmcv.ops import roi_align
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmcsod.features.inference import feature_maps
from mmcsod.features.taps.base import Tap
from mmcsod.util.errors import UserError

OUTPUT_SIZE = 7
FINEST_BOX = 14
"""FPN's rule: a box of 14 cells of the finest map begins its second level (224 pixels: P4, of stride 16)."""


class Levels(NamedTuple):
    """The maps of a detector that are read, finest first: their indices, strides in pixels, and channels."""

    indices: tuple[int, ...]
    strides: tuple[float, ...]
    widths: tuple[int, ...]


class NeckTap(Tap):
    """RoIAlign (7 x 7) on the neck's maps, averaged; on the backbone's maps where there is no neck.

    - Levels: where all maps have one width, a box is read off one of them, by the rule of Feature Pyramid Networks
      (Eq. 1 there): level floor(log2(side / (14 x finest stride))), side being the square root of its area.
    - Where widths differ (SSD, backbones without a neck), a box is read off every map, and the unit vectors of all
      stand side by side, so that each map has an equal say in a cosine.
    - Of several maps with one stride (stacked hourglasses), the last is read.

    Strides are found with the blank image that a tap is tried on, so that they are the same for every image.

    Attributes:
        levels: The maps read.
    """

    name = 'neck'
    levels: Levels

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
        source = 'neck' if getattr(self.detector, 'neck', None) is not None else 'backbone'
        strides = ', '.join(f'{stride:g}' for stride in self.levels.strides)
        text = f'{source} maps of strides {strides} -> RoIAlign {OUTPUT_SIZE} x {OUTPUT_SIZE} -> global average pooling'
        return text if self._one_width else f'{text}, unit vectors of all maps side by side'

    @property
    def _one_width(self) -> bool:
        return len(set(self.levels.widths)) == 1

    def study(self, features: Any) -> None:
        """Find the maps to read; see :meth:`Tap.study`."""
        maps = feature_maps(features)
        if not maps:
            raise UserError(f"{type(self.detector).__name__} gives no feature maps for the tap 'neck' to read.")
        last_of_stride = {self.probe_size / max(level.shape[-2:]): index for index, level in enumerate(maps)}
        strides, indices = zip(*sorted(last_of_stride.items()), strict=True)
        self.levels = Levels(indices, strides, tuple(maps[index].shape[1] for index in indices))

    def __call__(self, features: Any, rois: Tensor) -> Tensor:
        """Return the vectors of some boxes; see :meth:`Tap.__call__`."""
        maps = feature_maps(features)
        chosen = [maps[level].float().contiguous() for level in self.levels.indices]
        with torch.autocast(rois.device.type, enabled=False):
            if not self._one_width:
                parts = [self._read(level, index, rois) for index, level in enumerate(chosen)]
                return torch.cat([normalize(part, eps=1e-30) for part in parts], dim=1)
            vectors = rois.new_zeros(len(rois), self.levels.widths[0])
            of_level = self._level_of(rois)
            for index, level in enumerate(chosen):
                own = of_level == index
                vectors[own] = self._read(level, index, rois[own])
            return vectors

    def _read(self, level: Tensor, index: int, rois: Tensor) -> Tensor:
        size, scale = (OUTPUT_SIZE, OUTPUT_SIZE), 1 / self.levels.strides[index]
        return roi_align(level, rois, size, scale, 0, 'avg', True).mean(dim=(2, 3))

    def _level_of(self, rois: Tensor) -> Tensor:
        """Return for each box the level whose stride is nearest to the one that FPN's rule gives."""
        finest = self.levels.strides[0]
        side = ((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2])).clamp(min=0).sqrt()
        wanted = (side / (FINEST_BOX * finest) + 1e-6).log2().floor().clamp(min=0)
        octaves = rois.new_tensor([math.log2(stride / finest) for stride in self.levels.strides])
        return (wanted[:, None] - octaves).abs().argmin(dim=1)
