"""YOLO labels, one text file an image, as COCO JSON."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from mmcsod.labels.split import (
    IMAGE_SUFFIXES,
    Split,
    coco_annotation,
    find_files,
    image_size,
    normal,
    write_coco,
)
from mmcsod.util.errors import UserError

VALUES_OF_A_BOX = 5
"""Class, centre x, centre y, width, height; anything longer is a polygon: class, x, y, x, y, ..."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YOLO ``data.yaml``."""
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8-sig'))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f'{path} is not readable YAML ({" ".join(str(error).split())}).') from error
    if not isinstance(content, dict) or not {'names', 'train'} <= content.keys():
        raise UserError(f'{path} has no `names` and `train`; give the data.yaml of a YOLO dataset.')
    return content


def class_names(content: Mapping[str, Any], path: Path) -> list[str]:
    """Return the class names of a ``data.yaml``, a list or a mapping from number to name.

    Raises:
        UserError: If they are neither, or the numbers are not 0, 1, 2, ...
    """
    names = content['names']
    if isinstance(names, Mapping):
        if sorted(names) != list(range(len(names))):
            raise UserError(f'{path}: the numbers of `names` are not 0 to {len(names) - 1}; number the classes from 0.')
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f'{path}: `names` is not a list of class names.')
    return [str(name) for name in names]


def yaml_split(path: Path, content: Mapping[str, Any], split: str, out: Path) -> Split | None:
    """Write a split of a ``data.yaml`` as COCO JSON; None if it names no such split."""
    sources = content.get(split)
    if not sources:
        return None
    root = path.parent / str(content.get('path') or '')
    if not root.is_dir():  # Ultralytics looks below its own folder of datasets; people give the folder beside the file
        root = path.parent
    images = [
        image for source in ([sources] if isinstance(sources, str) else sources) for image in _images(root, source)
    ]
    if not images:
        raise UserError(f'{path}: `{split}` ({sources}) has no images; paths are relative to {root}.')
    return write_split(images, class_names(content, path), out)


def _images(root: Path, source: str) -> list[Path]:
    """Return the images that an entry names: a folder, a list of images, or a path relative to the file's folder."""
    path = root / source
    if not path.exists() and source.startswith('../'):  # as exported by a labelling service, with a folder too many
        path = root / source.removeprefix('../')
    if path.is_dir():
        return find_files(path, IMAGE_SUFFIXES)
    if not path.is_file():
        raise UserError(f'There is no {path}, where YOLO images are to be found.')
    lines = map(str.strip, path.read_text(encoding='utf-8-sig').splitlines())
    return [Path(line) if Path(line).is_absolute() else root / line for line in lines if line]


def write_split(images: Sequence[Path], classes: Sequence[str], out: Path) -> Split:
    """Write the labels of some images as COCO JSON; an image without a label file has no objects."""
    images = [normal(path) for path in images]
    root = _common_folder(images)
    entries, annotations = [], []
    for number, path in enumerate(tqdm(images, desc='Reading labels', unit='image', delay=1, leave=False), 1):
        width, height = image_size(path)
        name = path.relative_to(root).as_posix()
        entries.append({'id': number, 'file_name': name, 'width': width, 'height': height})
        for label, (x, y, w, h) in read_objects(label_file(path), len(classes)):
            annotations.append(coco_annotation(number, label + 1, (x * width, y * height, w * width, h * height)))
    write_coco(out, entries, annotations, classes)
    return Split(out, root)


def label_file(image: Path) -> Path:
    """Return where the labels of an image lie: below ``labels`` in place of the last ``images``, else beside it."""
    parts = list(image.parts)
    if 'images' in parts:
        last = len(parts) - 1 - parts[::-1].index('images')
        return Path(*parts[:last], 'labels', *parts[last + 1 :]).with_suffix('.txt')
    return image.with_suffix('.txt')


def read_objects(path: Path, num_classes: int) -> list[tuple[int, tuple[float, float, float, float]]]:
    """Return class and box of each object of a label file, the box as x, y, width, height in shares of the image."""
    if not path.exists():
        return []
    lines = path.read_text(encoding='utf-8-sig', errors='replace').splitlines()
    return [
        _read_object(line.split(), f'{path}, line {number}', num_classes)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _read_object(words: list[str], place: str, num_classes: int) -> tuple[int, tuple[float, float, float, float]]:
    try:
        label, values = int(words[0]), [float(word) for word in words[1:]]
    except ValueError as error:
        raise UserError(f'{place} is not a class number and coordinates: {" ".join(words)[:80]!r}.') from error
    is_polygon = len(words) > VALUES_OF_A_BOX and len(values) % 2 == 0
    if not (len(words) == VALUES_OF_A_BOX or is_polygon) or not all(map(math.isfinite, values)):
        raise UserError(
            f'{place} has {len(words)} numbers; a box is class, centre x, centre y, width and height, a polygon class '
            'and pairs of coordinates.'
        )
    if not 0 <= label < num_classes:
        raise UserError(f'{place} is of class {label}, and there are names for 0 to {num_classes - 1}.')
    if is_polygon:
        xs, ys = values[::2], values[1::2]
        return label, (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    x, y, width, height = values
    return label, (x - width / 2, y - height / 2, width, height)


def _common_folder(images: Sequence[Path]) -> Path:
    folders = {path.parent for path in images}
    root = min(folders, key=lambda folder: len(folder.parts))
    while not all(folder.is_relative_to(root) for folder in folders):
        root = root.parent
    return root


def write_yolo_folder(folder: Path, images: Path | None, out: Path) -> Split:
    """Write the labels of a folder with ``labels`` and ``images``, and ``classes.txt`` in either, as COCO JSON."""
    labels = folder if folder.name == 'labels' else folder / 'labels'
    root = images or labels.parent / 'images'
    found = find_files(root, IMAGE_SUFFIXES) if root.is_dir() else []
    if not found:
        raise UserError(f'There are no images in {root}; name their folder with --images.')
    names = [path for path in (labels / 'classes.txt', labels.parent / 'classes.txt') if path.is_file()]
    if not names:
        raise UserError(f'{labels.parent} has no classes.txt with a class name a line; add it, or a data.yaml.')
    classes = [line.strip() for line in names[0].read_text(encoding='utf-8-sig').splitlines() if line.strip()]
    return write_split(found, classes, out)
