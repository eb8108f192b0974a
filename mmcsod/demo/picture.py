"""A contact sheet of subsets of the demo's images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from mmcsod.demo.scenes import HEIGHT, WIDTH
from mmcsod.errors import UserError

_COLUMNS, _ROWS = 6, 2
_GAP, _HEADER = 4, 26


def write_picture(path: Path, data: Path, subsets: Mapping[str, Sequence[str]],
                  boxes: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Write a JPEG with the first twelve images of each subset.

    Args:
        path: The file.
        data: Folder below which the images lie.
        subsets: Image ids in order, by the title of their strip.
        boxes: Boxes as x, y, width, height in pixels, by image id.
    """
    strips = [_strip(title, [_framed(data / image, boxes[image]) for image in ids[:_COLUMNS * _ROWS]])
              for title, ids in subsets.items()]
    path.write_bytes(cv2.imencode('.jpg', np.concatenate(strips), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())


def _framed(path: Path, boxes: Sequence[Sequence[float]]) -> np.ndarray:
    image = cv2.imread(str(path))
    if image is None:
        raise UserError(f'{path} is not a readable image; remove the dataset and run the demo again.')
    for x, y, width, height in boxes:
        cv2.rectangle(image, (round(x), round(y)), (round(x + width), round(y + height)), (60, 220, 255), 1)
    return image


def _strip(title: str, images: Sequence[np.ndarray]) -> np.ndarray:
    """Return a titled grid of images; where there are fewer than it holds, the rest stays white."""
    grid = np.full((_HEADER + _ROWS * (HEIGHT + _GAP), _COLUMNS * (WIDTH + _GAP), 3), 255, np.uint8)
    cv2.putText(grid, title, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
    for number, image in enumerate(images):
        top = _HEADER + number // _COLUMNS * (HEIGHT + _GAP)
        left = number % _COLUMNS * (WIDTH + _GAP)
        grid[top:top + HEIGHT, left:left + WIDTH] = image
    return grid
