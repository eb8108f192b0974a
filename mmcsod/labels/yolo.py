"""YOLO labels, one text file an image, as COCO JSON."""

import logging
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from mmcsod.labels.check.files import missing_images
from mmcsod.labels.split import IMAGE_SUFFIXES, Box, Object, Split, find_files, normal, read_each, write_split
from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')

FARTHEST = 2
"""Shares of the image; what is farther out was written in pixels."""


@dataclass(frozen=True)
class Classes:
    """What label files refer to: the names of classes, and how many numbers of keypoints follow a box."""

    names: Sequence[str]
    num_of_keypoints: int = 0


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YOLO ``data.yaml``."""
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8-sig'))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f'{path} is not readable YAML ({" ".join(str(error).split())}).') from error
    if not isinstance(content, dict) or not {'names', 'train'} <= content.keys():
        raise UserError(f'{path} has no `names` and `train`; give the data.yaml of a YOLO dataset.')
    return content


def _class_names(content: Mapping[str, Any], path: Path) -> list[str]:
    """Return the class names of a ``data.yaml``, a list or a mapping from number to name."""
    names = content['names']
    if isinstance(names, Mapping):
        if set(names) != set(range(len(names))):
            raise UserError(f'{path}: the numbers of `names` are not 0 to {len(names) - 1}; number the classes from 0.')
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f'{path}: `names` is not a list of class names.')
    odd = [name for name in names if isinstance(name, bool) or not isinstance(name, str | int | float)]
    if odd:
        raise UserError(f'{path}: YAML reads a name as {odd[0]!r}; write it in quotes.')
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise UserError(f'{path}: `names` has {twice[0]!r} twice; give each class a name of its own.')
    return [str(name) for name in names]


def yaml_split(path: Path, content: Mapping[str, Any], split: str, out: Path) -> Split | None:
    """Write a split of a ``data.yaml`` as COCO JSON; None if it names no such split."""
    sources = content.get(split)
    if not sources:
        return None
    root = path.parent / str(content.get('path') or '')
    if not root.is_dir():  # Ultralytics looks below its own folder of datasets; people give the folder beside the file
        root = path.parent
    parts = [sources] if isinstance(sources, str) else sources
    if not isinstance(parts, list):
        raise UserError(f'{path}: `{split}` is {sources!r}; name a folder, a list of images, or several of them.')
    found = [image for source in parts for image in _images(root, str(source), f'{path}: `{split}`')]
    images = list(dict.fromkeys(map(normal, found)))
    if len(images) < len(found):
        logger.info('%s: `%s` names %d images again; each counts once.', path, split, len(found) - len(images))
    if not images:
        raise UserError(f'{path}: `{split}` ({sources}) has no images; paths are relative to {root}.')
    if split == 'train':
        _refuse_unlabelled(images)
    return _write(images, Classes(_class_names(content, path), _num_of_keypoints(content, path)), out)


def _num_of_keypoints(content: Mapping[str, Any], path: Path) -> int:
    shape = content.get('kpt_shape') or [0]
    if not isinstance(shape, list) or not all(isinstance(number, int) for number in shape):
        raise UserError(f'{path}: `kpt_shape` is {shape!r}; write how many keypoints and how many numbers each has.')
    return math.prod(shape)


def _images(root: Path, source: str, place: str) -> list[Path]:
    """Return the images that an entry names: a folder, a list of images, or a path relative to the file's folder."""
    path = root / source
    if not path.exists() and source.startswith('../'):  # as exported by a labelling service, with a folder too many
        path = root / source.removeprefix('../')
    if path.is_dir():
        return find_files(path, IMAGE_SUFFIXES)
    if not path.is_file():
        raise UserError(f'{place} names {source}, and there is no {path}; correct it, or `path`.')
    lines = map(str.strip, path.read_text(encoding='utf-8-sig').splitlines())
    images = [Path(line) if Path(line).is_absolute() else root / line for line in lines if line]
    if missing := missing_images(map(str, images)):
        raise UserError(f'{path} names {len(missing)} images that are not there ({missing[0]}); correct it.')
    return images


def _write(images: Sequence[Path], classes: Classes, out: Path) -> Split:
    """Write the labels of some images as COCO JSON; an image without a label file has no objects."""
    images = [normal(path) for path in images]
    _warn_of_labels_alone(images)
    root = Path(os.path.commonpath([path.parent for path in images]))
    objects = dict(zip(images, read_each(map(label_file, images), partial(_read_objects, classes)), strict=True))

    def objects_of(image: Path, width: int, height: int) -> Iterator[Object]:
        for label, (x, y, w, h) in objects[image]:
            yield label, (x * width, y * height, w * width, h * height), False

    return write_split(out, images, root, classes.names, objects_of)


def _refuse_unlabelled(images: Sequence[Path]) -> None:
    if not any(label_file(path).is_file() for path in images):
        raise UserError(f'No image has a label file; that of {images[0]} would be {label_file(images[0])}.')


def _warn_of_labels_alone(images: Sequence[Path]) -> None:
    """Warn of label files without an image of any split, in the folders that those of some images are in."""
    folders = {path.parent for path in images}
    there = {
        label_file(each) for folder in folders for each in folder.iterdir() if each.suffix.lower() in IMAGE_SUFFIXES
    }
    labels = sorted(each for folder in {path.parent for path in there} for each in folder.glob('*.txt'))
    alone = [each for each in labels if each not in there and each.name != 'classes.txt' and each.name[:2] != '._']
    if alone:
        logger.warning('%d label files have no image and do not count, %s first; add the images.', len(alone), alone[0])


def label_file(image: Path) -> Path:
    """Return where the labels of an image lie: below ``labels`` in place of the last ``images``, else beside it."""
    parts = list(image.parts)
    if 'images' in parts:
        last = len(parts) - 1 - parts[::-1].index('images')
        return Path(*parts[:last], 'labels', *parts[last + 1 :]).with_suffix('.txt')
    return image.with_suffix('.txt')


def _read_objects(classes: Classes, path: Path) -> list[tuple[int, Box]]:
    """Return class and box of each object of a label file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding='utf-8-sig', errors='replace').splitlines()
    return [
        _read_object(line.split(), f'{path}, line {number}', classes)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _read_object(words: list[str], place: str, classes: Classes) -> tuple[int, Box]:
    try:
        label, *values = map(float, words)
        if not all(map(math.isfinite, (label, *values))) or label % 1:
            raise ValueError
    except ValueError as error:
        raise UserError(f'{place} is not a class number and coordinates: {" ".join(words)[:80]!r}.') from error
    if not 0 <= label < len(classes.names):
        raise UserError(f'{place} is of class {label:g}, and there are names for 0 to {len(classes.names) - 1}.')
    box = _box(values, classes.num_of_keypoints)
    if box is None:
        raise UserError(
            f'{place} has {len(words)} numbers; a box is class, centre x, centre y, width and height, a polygon class '
            'and pairs of coordinates.'
        )
    if max(map(abs, box)) > FARTHEST:
        raise UserError(f'{place} is not in shares of the image: {" ".join(words)[:80]!r}; divide by its sides.')
    return int(label), box


def _box(values: Sequence[float], num_of_keypoints: int) -> Box | None:
    """Return the box of what follows a class: centre and size, perhaps with keypoints, or a polygon's points."""
    if len(values) in (4, 4 + num_of_keypoints):
        x, y, width, height = values[:4]
        return x - width / 2, y - height / 2, width, height
    if num_of_keypoints or len(values) % 2 or len(values) < 6:
        return None
    xs, ys = values[::2], values[1::2]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


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
    _refuse_unlabelled(found)
    return _write(found, Classes(classes), out)
