"""What MMDetection's datasets say of the objects in an image, checked where it comes in."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmcsod.util.errors import UserError


def boxes_and_labels(info: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes and labels of what a dataset's ``get_data_info`` gives.

    Returns:
        (k, 4) float64, x1, y1, x2, y2 in pixels of the original image; and (k,) int64, as the dataset numbers classes.

    Raises:
        UserError: If the annotations are not as MMDetection documents them; names the image, and says how.
    """
    try:
        return _parse(info['instances'])
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(
            f'The annotations of the image {info.get("img_path")} are not as MMDetection documents them '
            f'({type(error).__name__}: {error}); mend them.'
        ) from error


def _parse(instances: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(instances, list | tuple):
        raise TypeError(f'instances is {instances!r:.50}')
    boxes = np.array([instance['bbox'] for instance in instances])
    labels = np.array([instance['bbox_label'] for instance in instances])
    if not len(instances):
        return np.zeros((0, 4)), np.zeros(0, np.int64)
    if boxes.dtype.kind not in 'iuf' or boxes.shape != (len(instances), 4):
        raise ValueError(f'a bbox of {boxes.tolist()!r:.100} is not four numbers')
    if labels.dtype.kind not in 'iu' or labels.ndim != 1:
        raise ValueError(f'a bbox_label of {labels.tolist()!r:.100} is no whole number')
    return boxes.astype(np.float64), labels.astype(np.int64)
