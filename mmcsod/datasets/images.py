"""Image files of datasets: which are missing, which cannot be read, and how large they are once decoded."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset
from PIL import Image

from mmcsod.datasets.ids import leaf_datasets
from mmcsod.labels.check.files import missing_images
from mmcsod.util.errors import UserError
from mmcsod.util.images import UNREADABLE, turned_size
from mmcsod.util.text import first_few

HEADERS = 500
"""How many files of a dataset are opened, evenly spaced."""


def refuse_bad_images(dataset: Any, what: str, were_read: bool = False) -> None:
    """Refuse a dataset with a missing image, or with an unreadable one among :data:`HEADERS` evenly spaced.

    Images that are not local files, or that a loader of the user's own reads, are not looked at. Those that
    ``were_read``, as those of a coreset were by Stage 1, are not opened again.
    """
    for leaf in filter(_loads_local_files, leaf_datasets(dataset)):
        paths = [leaf.get_data_info(index)['img_path'] for index in range(len(leaf))]
        if missing := missing_images(paths):
            raise UserError(
                f'{len(missing)} of {len(paths)} {what} images do not exist '
                f'({first_few([str(one) for one in missing])}); check data_root and data_prefix of the config.'
            )
        if were_read:
            continue
        looked_at = [paths[index] for index in np.unique(np.linspace(0, len(paths) - 1, HEADERS, dtype=int))]
        if unreadable := [path for path in looked_at if not _is_image(path)]:
            raise UserError(
                f'{len(unreadable)} of {len(looked_at)} {what} images looked at cannot be read '
                f'({first_few(unreadable)}); mend them, or remove them from the annotations.'
            )


def _is_image(path: str) -> bool:
    """Return whether a file begins like an image that OpenCV or Pillow decodes."""
    return bool(cv2.haveImageReader(path)) or decoded_size(path) is not None


def decoded_size(path: str) -> tuple[int, int] | None:
    """Return (width, height) of a local image in the orientation that its EXIF data ask for, as MMCV decodes it.

    Returns:
        None if the file is missing or not an image.
    """
    try:
        with Image.open(path) as image:
            return turned_size(image)
    except UNREADABLE:
        return None


def _loads_local_files(leaf: BaseDataset) -> bool:
    loader = next(iter(leaf.pipeline.transforms), None)
    return isinstance(loader, LoadImageFromFile) and not loader.backend_args and not leaf.backend_args and len(leaf) > 0
