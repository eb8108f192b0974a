"""Taps of two-stage detectors: RoI features of the box head, as the paper reads them."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from mmdet.models.roi_heads.bbox_heads import ConvFCBBoxHead, DoubleConvFCBBoxHead, MultiInstanceBBoxHead
from torch import Tensor, nn

from mmcsod.features.taps.base import Tap
from mmcsod.util.errors import UserError

# A crowded batch is read in parts of this many boxes: res5 on one box of a C4 detector takes megabytes.
ROIS_AT_ONCE = 256


class RoIHeadTap(Tap):
    """Reads RoI features: what the detector "utilizes for final class prediction and bounding box regression".

    Multi-stage heads are read at their first stage, and the semantic or context features that some heads add
    (HTC, SCNet) are left out.
    """

    reads_shared_head: ClassVar[bool] = True

    def __init__(self, detector: Any) -> None:
        super().__init__(detector)
        if not has_roi_head(detector):
            raise UserError(
                f"{type(detector).__name__} has no RoI head, which the tap '{self.name}' reads; use "
                "'neck', or 'auto', which takes it here."
            )
        head = detector.roi_head
        self._stage = '[0]' if isinstance(head.bbox_head, nn.ModuleList) else ''
        self._head = _first_stage(head.bbox_head)
        self._extractor = _first_stage(head.bbox_roi_extractor)
        self._shared_head = head.shared_head if head.with_shared_head and self.reads_shared_head else None
        self.description = ' -> '.join(self._parts())

    def _parts(self) -> list[str]:
        shared = [] if self._shared_head is None else ['shared_head']
        return [f'bbox_roi_extractor{self._stage}', *shared, 'global average pooling']

    def __call__(self, features: Any, rois: Tensor) -> Tensor:
        """Return the vectors of some boxes; see :meth:`Tap.__call__`."""
        return torch.cat([self._read(features, part) for part in rois.split(ROIS_AT_ONCE)])

    def _read(self, features: Any, rois: Tensor) -> Tensor:
        # RoIAlign has no bfloat16, no half on the CPU, and silently reads any layout as if it were contiguous.
        levels = [level.float().contiguous() for level in features[: self._extractor.num_inputs]]
        with torch.autocast(rois.device.type, enabled=False):
            maps = self._extractor(levels, rois)
        return self._vectors(maps if self._shared_head is None else self._shared_head(maps))

    def _vectors(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


class RoITap(RoIHeadTap):
    """RoI extractor g, the shared head where there is one (res5 of C4 detectors), global average pooling h: Eq. 2."""

    name = 'roi'

    @classmethod
    def fits(cls, detector: nn.Module) -> bool:
        """Return whether there is an RoI head."""
        return has_roi_head(detector)


class PooledTap(RoIHeadTap):
    """RoI extractor and global average pooling: Eq. 2 before the shared head."""

    name = 'pooled'
    reads_shared_head = False


class FCTap(RoIHeadTap):
    """RoI extractor, shared head where there is one, the box head's shared fully connected layers.

    That is what an FPN detector's predictors read; of Double-Head, it is the fully connected branch.
    """

    name = 'fc'

    def __init__(self, detector: Any) -> None:
        super().__init__(detector)
        layers = _connected_layers(self._head)
        if layers is None:
            raise UserError(
                f'The box head {type(self._head).__name__} has no shared fully connected layers to read at '
                "the tap 'fc'; use 'roi', or 'auto', which takes it here."
            )
        self._layers = layers

    @classmethod
    def fits(cls, detector: nn.Module) -> bool:
        """Return whether there is an RoI head with shared fully connected layers."""
        head: Any = detector
        return has_roi_head(detector) and _connected_layers(_first_stage(head.roi_head.bbox_head)) is not None

    def _parts(self) -> list[str]:
        branch = 'fc_branch' if isinstance(self._head, DoubleConvFCBBoxHead) else 'shared_fcs'
        return [*super()._parts()[:-1], f'bbox_head{self._stage}.{branch}']

    def _vectors(self, maps: Tensor) -> Tensor:
        return self._layers(maps)


def has_roi_head(detector: nn.Module) -> bool:
    """Return whether a detector has an RoI head that predicts boxes."""
    return bool(getattr(getattr(detector, 'roi_head', None), 'with_bbox', False))


def _first_stage(module: Any) -> Any:
    return module[0] if isinstance(module, nn.ModuleList) else module


def _connected_layers(head: nn.Module) -> Callable[[Tensor], Tensor] | None:
    """Return the part of a box head that ends in its shared fully connected layers, or None if it has none."""
    if isinstance(head, DoubleConvFCBBoxHead):
        return lambda maps: _connect(maps.flatten(1), head.fc_branch)
    if isinstance(head, (ConvFCBBoxHead, MultiInstanceBBoxHead)) and head.num_shared_fcs > 0:
        return lambda maps: _shared_part(head, maps)
    return None


def _shared_part(head: ConvFCBBoxHead | MultiInstanceBBoxHead, maps: Tensor) -> Tensor:
    for conv in head.shared_convs:
        maps = conv(maps)
    if head.with_avg_pool:
        maps = head.avg_pool(maps)
    return _connect(maps.flatten(1), head.shared_fcs)


def _connect(vectors: Tensor, layers: nn.ModuleList) -> Tensor:
    for layer in layers:
        vectors = torch.relu(layer(vectors))
    return vectors
