"""A contact sheet of subsets of the demo's images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from mmcsod.util.errors import UserError

_COLUMNS, _ROWS = 6, 2
_WIDTH, _GAP, _HEADER = 240, 4, 26


def write_picture(
    path: Path, data: Path, subsets: Mapping[str, Sequence[str]], boxes: Mapping[str, np.ndarray]
) -> None:
    """Write a JPEG with the first twelve images of each subset.

    Args:
        path: The file.
        data: Folder below which the images lie.
        subsets: Image ids in order, by the title of their strip.
        boxes: (k, 4) boxes as x1, y1, x2, y2 in pixels, by image id.

    Raises:
        UserError: If an image cannot be read.
    """
    strips = [
        _strip(title, [_framed(data / image, boxes[image]) for image in ids[: _COLUMNS * _ROWS]])
        for title, ids in subsets.items()
    ]
    height = max(strip.shape[0] for strip in strips)
    strips = [
        cv2.copyMakeBorder(strip, 0, height - strip.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(255,) * 3)
        for strip in strips
    ]
    path.write_bytes(cv2.imencode('.jpg', np.concatenate(strips), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())


def _framed(path: Path, boxes: np.ndarray) -> np.ndarray:
    """Return an image with its boxes, as wide as a column."""
    image = cv2.imread(str(path))
    if image is None:
        raise UserError(f'{path} is not a readable image; remove the dataset and run the demo again.')
    scale = _WIDTH / image.shape[1]
    image = cv2.resize(image, (_WIDTH, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    for x1, y1, x2, y2 in np.rint(boxes * scale).astype(int).tolist():
        cv2.rectangle(image, (x1, y1), (x2, y2), (60, 220, 255), 1)
    return image


def _strip(title: str, images: Sequence[np.ndarray]) -> np.ndarray:
    """Return a titled grid of images; where there are fewer than it holds, the rest stays white."""
    height = max(image.shape[0] for image in images)
    grid = np.full((_HEADER + _ROWS * (height + _GAP), _COLUMNS * (_WIDTH + _GAP), 3), 255, np.uint8)
    cv2.putText(grid, title, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
    for number, image in enumerate(images):
        top = _HEADER + number // _COLUMNS * (height + _GAP)
        left = number % _COLUMNS * (_WIDTH + _GAP)
        grid[top : top + image.shape[0], left : left + _WIDTH] = image
    return grid
