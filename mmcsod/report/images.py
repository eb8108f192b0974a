"""Where a bank's images are, and reading them as the detector saw them."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from mmcsod.records.bank import FeatureBank

NUM_TRIED = 64
"""Images that are looked for before a folder counts as another one."""


def find_root(bank: FeatureBank, given: str | Path | None = None) -> Path | None:
    """Return the folder of the bank's images, ``given`` or its provenance's; None if the first ones are not there."""
    root = bank.provenance.get('data_root') if given is None else given
    if not isinstance(root, str | Path) or '://' in str(root):
        return None
    return Path(root) if any((Path(root) / image).is_file() for image in bank.images[:NUM_TRIED]) else None


def is_turned(bank: FeatureBank, image: int) -> bool:
    """Return whether EXIF data may turn an image: not if the detector saw it as it lies in the file."""
    return bank.orientations is None or int(bank.orientations[image]) != 1


def as_seen(image: Image.Image, turn: bool) -> Image.Image:
    """Return an opened image in 8-bit RGB; where ``turn`` is set, turned as its EXIF data say.

    Grey images of 16 bits lose their lower eight, as in OpenCV; so those that use 12 are dark here, too.
    """
    if turn:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith('I'):
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    return image.convert('RGB')
