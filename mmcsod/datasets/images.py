"""Image files of datasets: which are missing, which cannot be read, and how large they are once decoded."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from cv2 import haveImageReader
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset
from PIL import Image

from mmcsod.datasets.audit import NUM_EXAMPLES
from mmcsod.datasets.ids import leaf_datasets
from mmcsod.labels.check.files import missing_images
from mmcsod.util.errors import UserError
from mmcsod.util.images import UNREADABLE, is_turned, turned_size
from mmcsod.util.text import first_few

HEADERS = 500
"""How many files of a dataset are opened, evenly spaced."""


def check_images(dataset: Any, what: str, sizes_are_known: bool = False) -> list[str]:
    """Open :data:`HEADERS` image files of a dataset and return warnings of sizes that differ from the labels'.

    Images that are missing or unreadable are refused: this may be another machine than the one that selected. Those
    that are not local files, or that a loader of the user's own reads, are not looked at. There is no warning if
    ``sizes_are_known``, as Stage 1 knows those of a coreset's images.
    """
    warnings: list[str] = []
    for leaf in filter(_loads_local_files, leaf_datasets(dataset)):
        infos = [leaf.get_data_info(index) for index in range(len(leaf))]
        _refuse_missing([info['img_path'] for info in infos], what)
        looked_at = [infos[row] for row in np.unique(np.linspace(0, len(infos) - 1, HEADERS, dtype=int))]
        sizes = _open([info['img_path'] for info in looked_at], what)
        if not sizes_are_known and not ignores_orientation(leaf):
            labelled = np.array([(info.get('width') or 0, info.get('height') or 0) for info in looked_at], np.int64)
            differing = size_warnings([info['img_path'] for info in looked_at], labelled, np.array(sizes))
            warnings += [f'Of {len(looked_at)} {what} images looked at, {warning}' for warning in differing]
    return warnings


def _refuse_missing(paths: Sequence[str], what: str) -> None:
    if missing := missing_images(paths):
        raise UserError(
            f'{len(missing)} of {len(paths)} {what} images do not exist '
            f'({first_few([str(one) for one in missing])}); check data_root and data_prefix of the config.'
        )


def _open(paths: Sequence[str], what: str) -> list[tuple[int, int]]:
    """Return the size of each image, zeros where only OpenCV knows the format."""
    sizes = [decoded_size(path) for path in paths]
    unreadable = [path for path, size in zip(paths, sizes, strict=True) if size is None and not haveImageReader(path)]
    if unreadable:
        raise UserError(
            f'{len(unreadable)} of {len(paths)} {what} images looked at cannot be read '
            f'({first_few(unreadable)}); mend them, or remove them from the annotations.'
        )
    return [size or (0, 0) for size in sizes]


def size_warnings(images: Sequence[str], labelled: np.ndarray, decoded: np.ndarray) -> Iterator[str]:
    """Yield a sentence for each way in which labelled sizes differ from decoded ones, (D, 2) int, 0 where unknown."""
    read = decoded.min(axis=1) > 0
    differs = read & (labelled != decoded).any(axis=1)
    impossible = differs & (labelled.min(axis=1) < 1)
    swapped = differs & ~impossible & (labelled == decoded[:, ::-1]).all(axis=1)
    causes = (
        (impossible, 'the annotations hold no size, and that of the decoded image is taken'),
        (
            swapped,
            'they are turned when read (EXIF), and were not when labelled, or the reverse; boxes may lie elsewhere',
        ),
        (differs & ~impossible & ~swapped, 'the images or the labels were made of a resized copy, most likely'),
    )
    for mask, cause in causes:
        if found := np.flatnonzero(mask).tolist():
            examples = [
                f'{images[i]}: {labelled[i, 0]} x {labelled[i, 1]}, not {decoded[i, 0]} x {decoded[i, 1]}'
                for i in found[:NUM_EXAMPLES]
            ]
            yield f'{len(found)} images have another size than their annotations say ({"; ".join(examples)}): {cause}.'


def ignores_orientation(leaf: BaseDataset) -> bool:
    """Return whether a dataset loads images as they are stored, whatever their EXIF data ask for."""
    color = getattr(next(iter(leaf.pipeline.transforms), None), 'color_type', '')
    return 'ignore_orientation' in color or color == 'unchanged'


def has_orientation(path: str) -> bool:
    """Return whether the EXIF data of a local image ask to turn or mirror it."""
    try:
        with Image.open(path) as image:
            return is_turned(image)
    except UNREADABLE:
        return False


def decoded_size(path: str) -> tuple[int, int] | None:
    """Return (width, height) of a local image as MMCV decodes it, turned as its EXIF data say; None of no image."""
    try:
        with Image.open(path) as image:
            return turned_size(image)
    except UNREADABLE:
        return None


def _loads_local_files(leaf: BaseDataset) -> bool:
    loader = next(iter(leaf.pipeline.transforms), None)
    return isinstance(loader, LoadImageFromFile) and not loader.backend_args and not leaf.backend_args and len(leaf) > 0
