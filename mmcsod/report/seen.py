"""Read images as the detector saw them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps


def as_seen(image: Image.Image, turn: bool) -> Image.Image:
    """Return an opened image in 8-bit RGB; where ``turn`` is set, turned as its EXIF data say.

    Grey images of 16 bits lose their lower eight, as in OpenCV; so those that use 12 are dark here, too.
    """
    if turn:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I'):
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image.convert('RGB')
