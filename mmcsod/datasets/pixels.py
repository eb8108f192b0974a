"""A small grey copy of an image, by which near-duplicates are found without a detector."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from PIL import Image

from mmcsod.datasets.images import ignores_orientation
from mmcsod.records.bank_checks import PIXELS_SIDE
from mmcsod.util.progress import progress


def grey_pixels(image: np.ndarray) -> np.ndarray:
    """Shrink a decoded image to a few grey cells, whatever its size and shape.

    Args:
        image: (H, W) or (H, W, channels) of any real dtype, turned as the detector sees it; the order of the channels
            does not matter, an alpha channel must be gone.

    Returns:
        (32, 32) uint8, the means of equal cells with the darkest at 0 and the brightest at 255; zeros for an image
        whose cells are all alike.
    """
    channels = [image] if image.ndim == 2 else np.moveaxis(image, 2, 0)
    cells = np.mean([_shrink(channel) for channel in channels], axis=0)
    low, high = float(cells.min()), float(cells.max())
    if not high > low:
        return np.zeros((PIXELS_SIDE, PIXELS_SIDE), np.uint8)
    return np.rint(255 * (cells - low) / (high - low)).astype(np.uint8)


def color_types(leaves: Sequence[BaseDataset]) -> list[str]:
    """Return for each image of datasets the ``color_type`` of three channels that turns it as their loader does."""
    colors = ['color_ignore_orientation' if ignores_orientation(leaf) else 'color' for leaf in leaves]
    return [color for leaf, color in zip(leaves, colors, strict=True) for _ in range(len(leaf))]


def read_pixels(paths: Sequence[str | Path], colors: Sequence[str] | None = None) -> tuple[np.ndarray, list[str]]:
    """Return the pixels of image files as MMDetection loads them with a ``color_type`` each, by default turned by EXIF.

    Returns:
        (n, 32, 32) uint8, zeros where one cannot be read; and the paths of those.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads, progress('read images', len(paths)) as update:
        found = []
        for pixels in threads.map(_pixels_of, paths, colors or repeat('color')):
            found.append(pixels)
            update(1)
    blank = np.zeros((PIXELS_SIDE, PIXELS_SIDE), np.uint8)
    cells = np.array([blank if pixels is None else pixels for pixels in found], np.uint8)
    unreadable = [str(path) for path, pixels in zip(paths, found, strict=True) if pixels is None]
    return cells.reshape(len(paths), PIXELS_SIDE, PIXELS_SIDE), unreadable


def _pixels_of(path: str | Path, color: str) -> np.ndarray | None:
    import cv2
    import mmcv

    try:
        image = mmcv.imread(str(path), color)
    except (OSError, ValueError, cv2.error):  # the last of a file of 0 bytes
        return None
    return None if image is None else grey_pixels(image)


def _shrink(channel: np.ndarray) -> np.ndarray:
    """Return (32, 32) means of the cells of one channel."""
    plain = channel if channel.dtype == np.uint8 else channel.astype(np.float32)
    small = Image.fromarray(np.ascontiguousarray(plain)).resize((PIXELS_SIDE, PIXELS_SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32)
