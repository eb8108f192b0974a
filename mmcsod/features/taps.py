"""Where in a two-stage detector the vector r_ij of a ground-truth box is read (Eq. 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmdet.models.roi_heads.bbox_heads import ConvFCBBoxHead, DoubleConvFCBBoxHead, MultiInstanceBBoxHead
from torch import Tensor, nn

from mmcsod.errors import UserError
from mmcsod.features.options import TAPS

# A crowded batch is read in parts of this many boxes: res5 on one box of a C4 detector takes megabytes.
ROIS_AT_ONCE = 256


class RoITap:
    """Reads one vector per box off the features of backbone and neck.

    Section 2.4: RoI features are what the detector "utilizes for final class prediction and bounding box regression".

    - ``roi``: RoI extractor g, then the shared head where there is one (res5 of C4 detectors), then global average
      pooling h: Eq. 2 to the letter.
    - ``pooled``: the same without the shared head.
    - ``fc``: RoI extractor, shared head where there is one, then the box head's shared fully connected layers (for
      Double-Head, its fully connected branch), which is what an FPN detector's predictors read.
    - ``auto``: ``fc`` where the box head has such layers, else ``roi``.

    Multi-stage heads are read at their first stage, and the semantic or context features that some heads add
    (HTC, SCNet) are left out.

    Args:
        detector: A detector with an RoI head.
        tap: One of ``TAPS``.

    Attributes:
        name: The tap in use, ``auto`` resolved.
        description: The modules read, for people.

    Raises:
        UserError: If the detector has no RoI head or not the layers asked for.
    """

    def __init__(self, detector: nn.Module, tap: str = 'auto') -> None:
        head: Any = getattr(detector, 'roi_head', None)
        if head is None or not getattr(head, 'with_bbox', False):
            raise UserError(f'{type(detector).__name__} has no RoI head, and ground-truth RoI features are read there; '
                            'select with a two-stage detector (the coreset then trains any detector).')
        self._extractor = _first_stage(head.bbox_roi_extractor)
        self._shared_head = head.shared_head if head.with_shared_head else None
        self._layers = _connected_layers(_first_stage(head.bbox_head))
        self.name = self._resolve(tap, type(_first_stage(head.bbox_head)).__name__)
        self.description = self._describe(head)

    def _resolve(self, tap: str, head_name: str) -> str:
        if tap not in TAPS:
            raise UserError(f"There is no tap '{tap}'; choose one of {', '.join(TAPS)}.")
        if tap == 'fc' and self._layers is None:
            raise UserError(f"The box head {head_name} has no shared fully connected layers to read at the tap 'fc'; "
                            "use 'roi', or 'auto', which takes it here.")
        if tap == 'auto':
            return 'roi' if self._layers is None else 'fc'
        return tap

    def _describe(self, head: Any) -> str:
        stage = '[0]' if isinstance(head.bbox_head, nn.ModuleList) else ''
        parts = [f'bbox_roi_extractor{stage}']
        if self._shared_head is not None and self.name != 'pooled':
            parts.append('shared_head')
        if self.name == 'fc':
            branch = 'fc_branch' if isinstance(_first_stage(head.bbox_head), DoubleConvFCBBoxHead) else 'shared_fcs'
            parts.append(f'bbox_head{stage}.{branch}')
        else:
            parts.append('global average pooling')
        return ' -> '.join(parts)

    def __call__(self, features: Sequence[Tensor], rois: Tensor) -> Tensor:
        """Return the vectors of some boxes.

        Args:
            features: Backbone and neck outputs, (N, C, H, W) each.
            rois: (K, 5) float: index in the batch, then x1, y1, x2, y2 in pixels of the resized image.

        Returns:
            (K, d) vectors r_ij.
        """
        return torch.cat([self._read(features, part) for part in rois.split(ROIS_AT_ONCE)])

    def _read(self, features: Sequence[Tensor], rois: Tensor) -> Tensor:
        # RoIAlign has no bfloat16, no half on the CPU, and silently reads any layout as if it were contiguous.
        levels = [level.float().contiguous() for level in features[:self._extractor.num_inputs]]
        with torch.autocast(rois.device.type, enabled=False):
            maps = self._extractor(levels, rois)
        if self._shared_head is not None and self.name != 'pooled':
            maps = self._shared_head(maps)
        if self.name == 'fc':
            assert self._layers is not None
            return self._layers(maps)
        return maps.mean(dim=(2, 3))


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
