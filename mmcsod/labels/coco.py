"""COCO annotation files as they are: what a config needs to know of them."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.labels.check.decode import as_utf8, parse
from mmcsod.labels.check.findings import Unreadable
from mmcsod.labels.check.graph import check_structure
from mmcsod.labels.split import Split, normal
from mmcsod.util.errors import UserError

LARGEST = (1333, 800)
LOOKED_FOR = 20
"""Images by which a folder is recognised; the first alone may be missing."""


def coco_split(path: Path, images: Path | None) -> Split:
    """Return a COCO annotation file with the folder of its images, by default one around it that has some."""
    names = [str(image.get('file_name')) for image in read_coco(path)['images'][:LOOKED_FOR]]
    around = path.absolute().parent
    folders = [around, around / 'images', around / path.stem, around.parent, around.parent / 'images']
    folders = [normal(one) for one in (*folders, around.parent / path.stem, around.parent / 'images' / path.stem)]
    found = next((one for one in folders if any((one / name).is_file() for name in names)), None)
    if images is not None and (found is None or any((images / name).is_file() for name in names)):
        found = normal(images)
    if found is None:
        places = ', '.join(dict.fromkeys(map(str, folders)))
        raise UserError(f'{path} names images like {names[:1]}, in none of {places}; name their folder with --images.')
    return Split(normal(path), found)


def read_coco(path: Path) -> dict[str, Any]:
    """Return the content of a COCO annotation file."""
    try:
        text, _ = as_utf8(path.read_bytes(), str(path))
        content, _ = parse(text, str(path))
        check_structure(content, str(path))
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}.') from error
    except Unreadable as error:
        raise UserError(f'{error.finding}') from error
    return content


def used_classes(content: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the class names with annotations and those without, both in the file's order."""
    numbers = (each.get('category_id') for each in content['annotations'])
    counts: Counter[Any] = Counter(number for number in numbers if isinstance(number, int | str))
    categories = [each for each in content['categories'] if isinstance(each, dict) and 'name' in each]
    used = [str(each['name']) for each in categories if counts[each.get('id')]]
    return used, [str(each['name']) for each in categories if not counts[each.get('id')]]


def usual_size(content: dict[str, Any]) -> tuple[int, int]:
    """Return the long and short side that nine of ten images fit, at most those that MMDetection's configs have."""
    sizes = [(each.get('width'), each.get('height')) for each in content['images']]
    numbers = [sorted(size) for size in sizes if all(isinstance(side, int | float) and side > 0 for side in size)]
    if not numbers:
        return LARGEST
    short, long = np.percentile(np.array(numbers, float), 90, axis=0)
    return min(LARGEST[0], int(long)), min(LARGEST[1], int(short))
