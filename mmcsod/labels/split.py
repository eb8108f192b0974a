"""One split of a dataset: its COCO annotation file and its images."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image
from tqdm import tqdm

from mmcsod.util.errors import UserError
from mmcsod.util.files import new_file
from mmcsod.util.images import UNREADABLE, kind_of_file, turned_size
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')

IMAGE_SUFFIXES = frozenset({'.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp'})


@dataclass(frozen=True)
class Split:
    """A split as ``CocoDataset`` reads it.

    Attributes:
        ann_file: COCO JSON.
        images: The folder that its file names are relative to.
    """

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


def image_sizes(images: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Return width and height of each image as a loader decodes it, from its header; warn of those that have none.

    Raises:
        UserError: If not one can be read.
    """
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


def coco_annotation(image_id: int, category_id: int, box: tuple[float, ...], **more: Any) -> dict[str, Any]:
    """Return a COCO annotation without its id; ``box`` is x, y, width, height in pixels."""
    return {
        'image_id': image_id,
        'category_id': category_id,
        'bbox': [round(value, 3) for value in box],
        'area': round(box[2] * box[3], 3),
        'iscrowd': 0,
        **more,
    }


def write_coco(
    path: Path, images: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]], classes: Iterable[str]
) -> None:
    """Write a COCO annotation file; annotations are numbered from 1 in their order, categories from 1."""
    content = {
        'images': images,
        'annotations': [{'id': number, **annotation} for number, annotation in enumerate(annotations, 1)],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(classes, 1)],
    }
    with new_file(path) as file:
        file.write_bytes(msgspec.json.encode(content))
