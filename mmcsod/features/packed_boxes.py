"""The boxes of an image once a pipeline has packed it, in the order of its annotations."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch


def packed_boxes(info: Mapping[str, Any], data_sample: Any) -> np.ndarray | None:
    """Undo the split into used and ignored boxes that ``PackDetInputs`` makes of ``get_data_info``.

    Returns:
        (k, 4) float32 x1, y1, x2, y2 of all annotated boxes in pixels of the resized image; None if the pipeline
        dropped or added some.
    """
    ignored = np.array([bool(one.get('ignore_flag')) for one in info['instances']], bool)
    boxes = np.zeros((len(ignored), 4), np.float32)
    for mask, packed in ((~ignored, data_sample.gt_instances), (ignored, data_sample.ignored_instances)):
        own = packed.get('bboxes', torch.zeros(0, 4))
        own = getattr(own, 'tensor', own).reshape(-1, 4).numpy()
        if len(own) != mask.sum():
            return None
        boxes[mask] = own
    top, _, left, _ = data_sample.metainfo.get('border', (0, 0, 0, 0))
    return boxes + np.array([left, top] * 2, np.float32)  # CornerNet's padding at test time leaves boxes behind
