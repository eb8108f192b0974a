"""The boxes of an image once a pipeline has packed it, in the order of its annotations."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def packed_boxes(info: Mapping[str, Any], data_sample: Any) -> Tensor | None:
    """Undo the split into used and ignored boxes that ``PackDetInputs`` makes of ``get_data_info``.

    Returns:
        (k, 4) float32 x1, y1, x2, y2 of all annotated boxes in pixels of the resized image; None if the pipeline
        dropped or added some.
    """
    ignored = torch.tensor([bool(one.get('ignore_flag')) for one in info['instances']], dtype=torch.bool)
    boxes = torch.zeros(len(ignored), 4)
    for mask, packed in ((~ignored, data_sample.gt_instances), (ignored, data_sample.ignored_instances)):
        own = _as_tensor(packed.get('bboxes', torch.zeros(0, 4)))
        if len(own) != int(mask.sum()):
            return None
        boxes[mask] = own
    return boxes + _offset(data_sample.metainfo.get('border'))


def _offset(border: Any) -> Tensor:
    """Return how far CornerNet's padding moves boxes, which at test time it leaves behind: its border is t, b, l, r."""
    return torch.zeros(4) if border is None else torch.tensor([border[2], border[0]] * 2, dtype=torch.float32)


def _as_tensor(boxes: Any) -> Tensor:
    tensor: Tensor = getattr(boxes, 'tensor', boxes)
    return tensor.reshape(-1, 4).float()
