"""Backbone and neck of a detector without its head: all that the tap ``neck`` reads."""

from collections.abc import Mapping
from typing import Any

from mmdet.registry import MODELS
from mmengine.model import BaseModel
from torch import Tensor, nn

DETECTORS = 'mmdet.models.'
"""Whose detectors' maps are known to be those of the neck behind the backbone, with nothing else done to them."""


class BackboneAndNeck(BaseModel):
    """Backbone, built from its config or given, and neck of a detector; without a neck the backbone's maps are read."""

    def __init__(
        self,
        backbone: Mapping[str, Any] | nn.Module,
        neck: Mapping[str, Any] | None = None,
        data_preprocessor: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor=dict(data_preprocessor or {'type': 'DetDataPreprocessor'}))
        self.backbone = backbone if isinstance(backbone, nn.Module) else MODELS.build(backbone)
        if neck is not None:
            self.neck = MODELS.build(neck)

    def extract_feat(self, batch_inputs: Tensor) -> Any:
        """Return the maps of a batch of images, (N, 3, H, W)."""
        maps = self.backbone(batch_inputs)
        return self.neck(maps) if hasattr(self, 'neck') else maps

    forward = extract_feat


def neck_is_enough(model: Mapping[str, Any]) -> bool:
    """Return whether a detector's maps can be had without building its head.

    A head may need a language model, a teacher's weights or a GPU, none of which the maps depend on.
    """
    kind = MODELS.get(model['type']) if isinstance(model['type'], str) else model['type']
    maker = getattr(kind, 'extract_feat', kind)  # a model of clips has no such method
    return 'backbone' in model and maker is not None and maker.__module__.startswith(DETECTORS)


def backbone_and_neck(model: Mapping[str, Any], with_neck: bool = True) -> BackboneAndNeck:
    """Build backbone and neck of a detector's config."""
    return BackboneAndNeck(model['backbone'], model.get('neck') if with_neck else None, model.get('data_preprocessor'))
