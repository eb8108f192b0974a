"""VOC labels, one XML file an image, as COCO JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from mmcsod.labels.split import IMAGE_SUFFIXES, Box, Object, Split, find_files, normal, read_each, write_split
from mmcsod.util.errors import UserError

LISTS = {'train': ('train', 'trainval'), 'val': ('val',), 'test': ('test',)}
"""Lists of ``ImageSets/Main`` that name a split's images; the first found counts."""


@dataclass(frozen=True)
class VOCObject:
    """An object of an XML file: its box is x, y, width, height in pixels, counted from 0."""

    name: str
    box: Box
    is_difficult: bool


class VOCFolder:
    """A folder with ``Annotations``, images, and perhaps ``ImageSets/Main``; XML files and images go by their stems."""

    def __init__(self, folder: Path, images: Path | None = None) -> None:
        """Read all XML files of ``folder`` or its ``Annotations``; images are by default looked for beside them."""
        annotations = folder / 'Annotations' if (folder / 'Annotations').is_dir() else folder
        beside = annotations.parent if annotations.name == 'Annotations' else folder
        candidates = [beside / name for name in ('JPEGImages', 'images', 'Images')]
        self.root = normal(images or next((path for path in candidates if path.is_dir()), beside))
        self._lists = beside / 'ImageSets' / 'Main'
        self.annotations = _by_stem(find_files(annotations, {'.xml'}))
        found = find_files(self.root, IMAGE_SUFFIXES)
        self.images = _by_stem([path for path in found if path.stem in self.annotations])
        self._objects = dict(zip(self.annotations, read_each(self.annotations.values(), read_objects), strict=True))
        self.classes = sorted({each.name for objects in self._objects.values() for each in objects})

    def write_split(self, split: str, out: Path) -> Split | None:
        """Write a split as COCO JSON; None if the folder names no such split."""
        stems = self._stems(split)
        if stems is None:
            return None
        images = [self._image(stem) for stem in stems]
        return write_split(out, images, self.root, self.classes, self._objects_of)

    def _objects_of(self, image: Path, *_: int) -> Iterator[Object]:
        """Yield the objects of an image; a difficult one is a crowd in COCO, ignored alike."""
        for each in self._objects[image.stem]:
            yield self.classes.index(each.name), each.box, each.is_difficult

    def _stems(self, split: str) -> Sequence[str] | None:
        lists = [self._lists / f'{name}.txt' for name in LISTS[split]]
        path = next((path for path in lists if path.is_file()), None)
        if path is None:
            return list(self.annotations) if split == 'train' else None
        lines = [line.split() for line in path.read_text(encoding='utf-8-sig').splitlines()]
        stems = [_stem(words[0]) for words in lines if words]  # a second word is a flag of one class's list
        missing = [stem for stem in stems if stem not in self.annotations]
        if missing:
            raise UserError(f'{path} names {len(missing)} images without an XML file, {missing[0]} first.')
        return stems

    def _image(self, stem: str) -> Path:
        if stem not in self.images:
            raise UserError(f'{self.annotations[stem]} has no image in {self.root}; name its folder with --images.')
        return self.images[stem]


def _by_stem(paths: Sequence[Path]) -> dict[str, Path]:
    """Return files by their names without suffix, by which images and XML files belong together."""
    by_stem: dict[str, Path] = {}
    for path in paths:
        if by_stem.setdefault(path.stem, path) is not path:
            raise UserError(f'{by_stem[path.stem]} and {path} have one name, so their labels mix; rename one.')
    return by_stem


def _stem(name: str) -> str:
    """Return an image's name without a suffix; names may have other dots."""
    return Path(name).stem if Path(name).suffix.lower() in IMAGE_SUFFIXES else name


def read_objects(path: Path) -> list[VOCObject]:
    """Return the objects of an XML file, whose pixels are counted from 1."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise UserError(f'{path} is not readable XML ({error}); export it again.') from error
    if root.tag.startswith('{'):
        raise UserError(f'{path} has a namespace, so that no object in it is found; remove xmlns from <annotation>.')
    return [_read_object(element, path, number) for number, element in enumerate(root.iter('object'), 1)]


def _read_object(element: ElementTree.Element, path: Path, number: int) -> VOCObject:
    name = (element.findtext('name') or '').strip()
    sides = [element.findtext(f'bndbox/{side}') for side in ('xmin', 'ymin', 'xmax', 'ymax')]
    try:
        left, top, right, bottom = (_from_zero(float(side or '')) for side in sides)
        if not all(map(math.isfinite, (left, top, right, bottom))):
            raise ValueError
    except ValueError as error:
        raise UserError(f'{path}: object {number} has no box of four numbers ({sides}).') from error
    if not name:
        raise UserError(f'{path}: object {number} has no name.')
    is_difficult = (element.findtext('difficult') or '0').strip() not in ('0', '')
    return VOCObject(name, (left, top, right - left, bottom - top), is_difficult)


def _from_zero(side: float) -> float:
    """Return a side counted from 0, as MMDetection's ``VOCDataset`` does; a 0, of tools that count from it, stays."""
    return max(side - 1, min(side, 0))
