"""COCO annotation files as they are: what a config needs to know of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mmcsod.labels.split import Split, normal
from mmcsod.util.errors import UserError


def coco_split(path: Path, images: Path | None) -> Split:
    """Return a COCO annotation file with the folder of its images.

    Args:
        path: The file.
        images: The folder, if it is known; else, or if the images are not there, it is looked for around the file.

    Raises:
        UserError: If the images are in neither.
    """
    entries = read_coco(path)['images']
    name = entries[0].get('file_name') if entries else None
    if not isinstance(name, str):
        raise UserError(f'{path}: there is no first image with a file_name.')
    around = path.absolute().parent
    candidates = [around, around / 'images', around / path.stem]
    candidates += [around.parent, around.parent / 'images', around.parent / path.stem]
    candidates = [normal(folder) for folder in ([images] if images else []) + candidates]
    found = next((folder for folder in candidates if (folder / name).exists()), None)
    if found is None:
        places = ', '.join(dict.fromkeys(map(str, candidates)))
        raise UserError(f'{path} names the image {name}, which is in none of {places}; name its folder with --images.')
    return Split(normal(path), found)


def read_coco(path: Path) -> dict[str, Any]:
    """Return the content of a COCO annotation file.

    Raises:
        UserError: If it cannot be read or has no images, annotations or categories.
    """
    try:
        content = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f'{path} is not a readable COCO annotation file ({error}).') from error
    if not isinstance(content, dict):
        raise UserError(f'{path} is not a COCO annotation file: it holds a {type(content).__name__} at the top.')
    missing = [key for key in ('images', 'annotations', 'categories') if not isinstance(content.get(key), list)]
    if missing:
        raise UserError(f'{path} has no list `{missing[0]}`; give COCO annotations.')
    return content


def used_classes(content: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the class names with annotations and those without, both in the file's order."""
    counts = Counter(each.get('category_id') for each in content['annotations'])
    used = [str(each['name']) for each in content['categories'] if counts[each['id']]]
    return used, [str(each['name']) for each in content['categories'] if not counts[each['id']]]


def usual_size(content: dict[str, Any], largest: tuple[int, int] = (1333, 800)) -> tuple[int, int]:
    """Return the long and short side that nine of ten images fit, at most ``largest``, MMDetection's usual."""
    sizes = [(each.get('width'), each.get('height')) for each in content['images']]
    numbers = [sorted(size) for size in sizes if all(isinstance(side, int | float) and side > 0 for side in size)]
    if not numbers:
        return largest
    short, long = np.percentile(np.array(numbers, float), 90, axis=0)
    return min(largest[0], int(long)), min(largest[1], int(short))
