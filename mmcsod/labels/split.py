"""One split of a dataset: its COCO annotation file and its images."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image

from mmcsod.util.errors import UserError
from mmcsod.util.files import new_file
from mmcsod.util.images import UNREADABLE, turned_size

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


def image_size(path: Path) -> tuple[int, int]:
    """Return width and height of an image as a loader decodes it, from its header."""
    try:
        with Image.open(path) as image:
            return turned_size(image)
    except UNREADABLE as error:
        raise UserError(f'{path} is not a readable image ({error}); repair it, or remove it and its labels.') from error


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
