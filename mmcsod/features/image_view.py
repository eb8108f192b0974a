"""What the detector sees of an image file: its size once decoded, how it was turned, and a small grey copy."""

from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from PIL import ExifTags, Image, ImageOps

from mmcsod.datasets.pixels import grey_pixels
from mmcsod.features.pipeline import is_image_loader
from mmcsod.records.bank_checks import PIXELS_SIDE
from mmcsod.util.images import UNREADABLE

FEW_LEVELS = 16
"""Pixels of 256 levels that keep within so many are of one colour for a detector."""


class ImageView(NamedTuple):
    """An image as a pipeline's loader gives it.

    ``size`` is width and height; ``orientation`` the EXIF orientation that was applied, 1 if nothing was turned, 0 if
    the file is not a local one; ``pixels`` are those of :func:`grey_pixels`.
    """

    size: tuple[int, int]
    orientation: int
    pixels: np.ndarray
    is_constant: bool


UNREAD = ImageView((0, 0), 0, np.zeros((PIXELS_SIDE, PIXELS_SIDE), np.uint8), is_constant=False)
"""What stands for an image that could not be read."""


class ImageViewer:
    """A transform that notes what the loader before it gave, and changes nothing.

    Attributes:
        view: Of the last image; None before there is one.
    """

    view: ImageView | None = None

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        """Look at ``results['img']``."""
        image, path = results['img'], results.get('img_path')
        pixels = grey_pixels(image)
        size = (image.shape[1], image.shape[0])
        self.view = ImageView(size, _orientation(path, image, pixels), pixels, _is_constant(image))
        return results


def watch_loader(dataset: BaseDataset) -> ImageViewer:
    """Put a viewer behind the transform that loads a dataset's images, which is the first one as a rule."""
    viewer = ImageViewer()
    names = [type(transform).__name__ for transform in dataset.pipeline.transforms]
    loader = next((index for index, name in enumerate(names) if is_image_loader(name)), 0)
    dataset.pipeline.transforms.insert(loader + 1, viewer)
    return viewer


def _is_constant(image: np.ndarray) -> bool:
    levels = float(image.max()) - float(image.min())
    return bool(levels < FEW_LEVELS if image.dtype == np.uint8 else levels == 0)


def _orientation(path: Any, image: np.ndarray, pixels: np.ndarray) -> int:
    """Return which EXIF orientation a loader applied: that whose copy by Pillow is most like what it gave."""
    try:
        with Image.open(path) as file:
            written = file.getexif().get(ExifTags.Base.Orientation, 1)
            if written not in range(2, 9):
                return 1
            copies = {written: np.asarray(ImageOps.exif_transpose(file).convert('L')), 1: np.asarray(file.convert('L'))}
    except (*UNREADABLE, AttributeError):
        return 0
    alike = {
        orientation: np.abs(grey_pixels(copy).astype(int) - pixels).mean()
        for orientation, copy in copies.items()
        if copy.shape[:2] == image.shape[:2]
    }
    return min(alike, key=lambda orientation: alike[orientation], default=1)
