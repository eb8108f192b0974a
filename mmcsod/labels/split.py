"""One split of a dataset: its COCO annotation file and its images."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from PIL import Image
from tqdm import tqdm

from mmcsod.util.errors import UserError
from mmcsod.util.files import new_file
from mmcsod.util.images import UNREADABLE, kind_of_file, turned_size
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')

IMAGE_SUFFIXES = frozenset({'.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp'})

Read = TypeVar('Read')

Box = tuple[float, float, float, float]
"""x, y, width, height, in pixels or in shares of the image."""
Object = tuple[int, Box, bool]
"""Class, counted from 0, box in pixels, and whether training and evaluation ignore it."""


@dataclass(frozen=True)
class Split:
    """A split as ``CocoDataset`` reads it: COCO JSON, and the folder that its file names are relative to."""

    ann_file: Path
    images: Path


def normal(path: Path) -> Path:
    """Return an absolute path without ``..``; links stay, since image ids are paths as the user gave them."""
    return Path(os.path.normpath(path.absolute()))


def find_files(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the files below a folder with one of some suffixes, sorted by path; letter case does not count.

    What macOS keeps beside files, under names that begin with '._', is left out.
    """
    found = (path for path in folder.rglob('*') if path.suffix.lower() in suffixes and not path.name.startswith('._'))
    return sorted(path for path in found if path.is_file())


def read_each(paths: Iterable[Path], read: Callable[[Path], Read]) -> list[Read]:
    """Return what is read of each label file.

    Raises:
        UserError: If some are faulty, with the first fault of each of the first files.
    """
    results, faults = [], []
    for path in tqdm(paths, desc='Reading labels', unit='file', delay=1, leave=False):
        try:
            results.append(read(path))
        except UserError as error:
            faults.append(str(error))
    if len(faults) > 1:
        shown = first_few([fault.rstrip('.') for fault in faults], between='; ')
        raise UserError(f'{len(faults)} label files are faulty: {shown}.')
    if faults:
        raise UserError(faults[0])
    return results


def image_sizes(images: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return width and height of each image as a loader decodes it, from its header; warn of others."""
    sizes, unreadable = {}, []
    for path in tqdm(images, desc='Reading labels', unit='image', delay=1, leave=False):
        try:
            with Image.open(path) as image:
                sizes[path] = turned_size(image)
        except UNREADABLE:
            unreadable.append(f'{path} ({kind_of_file(str(path))})')
    if unreadable:
        which = f'{len(unreadable)} of {len(images)} images cannot be read'
        shown = f'{first_few(unreadable)}; mend them, or remove them and their labels.'
        if not sizes:
            raise UserError(f'{which}: {shown}')
        logger.warning('%s and are left out: %s', which, shown)
    return sizes


def write_split(
    path: Path, images: Sequence[Path], root: Path, classes: Sequence[str], objects_of: Callable[..., Iterable[Object]]
) -> Split:
    """Write images below ``root`` with their objects as COCO JSON, all numbered from 1 in their order.

    ``objects_of`` gives the objects of an image file, its width and its height.
    """
    entries: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (image, (width, height)) in enumerate(image_sizes(images).items(), 1):
        name = image.relative_to(root).as_posix()
        entries.append({'id': number, 'file_name': name, 'width': width, 'height': height})
        for label, box, is_crowd in objects_of(image, width, height):
            numbers = {'id': len(annotations) + 1, 'image_id': number, 'category_id': label + 1}
            shape = {'bbox': [round(value, 3) for value in box], 'area': round(box[2] * box[3], 3)}
            annotations.append({**numbers, **shape, 'iscrowd': int(is_crowd)})
    categories = [{'id': number, 'name': name} for number, name in enumerate(classes, 1)]
    with new_file(path) as file:
        file.write_bytes(msgspec.json.encode({'images': entries, 'annotations': annotations, 'categories': categories}))
    return Split(path, root)
