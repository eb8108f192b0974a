"""A VOC image list and its XML files, read before MMDetection reads them."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import PureWindowsPath
from typing import Any
from xml.etree import ElementTree

from mmcsod.labels.check.boxes import SLACK
from mmcsod.labels.check.decode import as_utf8
from mmcsod.labels.check.findings import Finding, Unreadable, found, short

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
FLAGGED = re.compile(r'\S+\s+(-1|0|1)')


def check_list(raw: bytes, file: str, has_xml: Callable[[str], bool]) -> tuple[list[str], list[Finding]]:
    """Return the names in the bytes of an image list, without anything around them, and what is wrong with it."""
    try:
        text, findings = as_utf8(raw, file)
    except Unreadable as error:
        return [], [error.finding]
    lines = text.decode().split('\n')  # as MMDetection splits them
    lines = [line.rstrip('\r') for line in (lines[:-1] if lines[-1] == '' else lines)]
    filled = [line for line in lines if FLAGGED.fullmatch(line.strip()) and not has_xml(line)]
    if filled:
        return [], found('flags', file, filled, short)
    names = [_name(line, has_xml) for line in lines]
    odd = [old for old, new in zip(lines, names, strict=True) if old != new or not old]
    kept = list(filter(None, names))
    repeated = sorted(name for name, count in Counter(kept).items() if count > 1)
    return kept, [*findings, *found('list', file, odd, short), *found('image twice', file, repeated, short)]


def check_xml(files: Sequence[tuple[str, bytes]], file: str) -> tuple[Counter[str], list[Finding], dict[str, bytes]]:
    """Check the XML files of a list.

    Returns:
        How many objects have each name; what is wrong; and what files whose size is impossible should hold, by their
        paths: no size, so that MMDetection opens the image.
    """
    kinds = ('odd XML', 'size', 'XML without size', 'image without objects', 'no area', 'outside', 'beyond the edge')
    entries: dict[str, list[str]] = {kind: [] for kind in kinds}
    objects: Counter[str] = Counter()
    mended = {}
    for path, raw in files:
        try:
            root = _parse(raw)
            size = _size(root)
            boxes = [_box(entry) for entry in root.findall('object')]
        except ValueError as error:
            entries['odd XML'].append(f'{path}: {error}')
            continue
        objects.update(entry.findtext('name', '') for entry in root.findall('object'))
        if size is None and (odd := root.find('size')) is not None:
            entries['size'].append(f'{path}: {short(odd.findtext("width"))} x {short(odd.findtext("height"))}')
            root.remove(odd)
            mended[path] = ElementTree.tostring(root)
        elif size is None:
            entries['XML without size'].append(path)
        if not boxes:
            entries['image without objects'].append(path)
        for box in boxes:
            if kind := _fault(box, size or (math.inf, math.inf)):
                entries[kind].append(f'{path}: {short(box)}' + (f' in {size[0]} x {size[1]}' if size else ''))
    findings = [one for kind, shown in entries.items() for one in found(kind, file, shown)]
    if files and not objects and not entries['odd XML']:
        findings = [Finding('no objects', file, 1, (f'{len(files)} images, 0 annotations',))]
    return objects, findings, mended


def _fault(box: Sequence[int], size: Sequence[float]) -> str | None:
    (x1, y1, x2, y2), (width, height) = box, size
    if x2 <= x1 or y2 <= y1:
        return 'no area'
    if x1 > width or y1 > height or x2 < 1 or y2 < 1:
        return 'outside'
    return 'beyond the edge' if x2 > width + SLACK or y2 > height + SLACK else None


def _name(line: str, has_xml: Callable[[str], bool]) -> str:
    name = line.strip()
    if not name or has_xml(name):
        return name
    for shorter in (name.rpartition('.')[0], PureWindowsPath(name).name, PureWindowsPath(name).stem):
        if shorter and has_xml(shorter):
            return shorter
    return name


def _parse(raw: bytes) -> ElementTree.Element:
    if not raw.strip():
        raise ValueError('it is empty')
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: of an encoding that Python does not know
        raise ValueError(f'it is cut or no XML ({error})') from error
    if root.tag.startswith('{'):
        raise ValueError(f'its tags have the namespace {root.tag[1:].partition("}")[0]}; remove xmlns')
    if root.find('object') is None and root.find('.//object') is not None:
        raise ValueError('its objects are not directly in its root')
    return root


def _size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Return width and height, None if they are missing or impossible."""
    try:
        width, height = (int(root.findtext(f'size/{side}', '')) for side in ('width', 'height'))
    except ValueError:
        return None
    return (width, height) if min(width, height) > 0 else None


def _box(entry: ElementTree.Element) -> tuple[int, ...]:
    if not (entry.findtext('name') or '').strip():
        raise ValueError('an object has no name')
    if entry.find('difficult') is not None:
        _number(entry, 'difficult', int, 'object')
    box = entry.find('bndbox')
    if box is None:
        raise ValueError(f'the object {short(entry.findtext("name"))} has no bndbox')
    return tuple(int(_number(box, name, float, 'bndbox')) for name in CORNERS)


def _number(entry: ElementTree.Element, name: str, kind: Callable[[str], Any], where: str) -> Any:
    text = entry.findtext(name)
    if text is None:
        raise ValueError(f'{where} has no {name}')
    try:
        value = kind(text)
        int(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f'{name} of {where} is {short(text)}') from error
    return value
