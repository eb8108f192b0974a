"""Boxes: what is no box, what MMDetection will leave out or cut, and what was measured in other units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmcsod.labels.check.findings import Finding, found, short
from mmcsod.labels.check.graph import Content, Entry, entry_name, is_id
from mmcsod.labels.check.masks import bounds, is_number

MANY, NEARLY_ALL = 0.1, 0.9
"""Shares of boxes that end beyond their image, and that fit into it as corners, if these are no width and height."""
ROUNDED = 0.05
"""Shares of the image may leave 0 to 1 by this."""
SLACK = 2
"""Pixels that a box may end beyond its image: rounding."""


@dataclass(frozen=True)
class _Labels:
    """What examples call an annotation by: its file, and file names of images by id."""

    file: str
    images: Mapping[Any, Any]

    def find(self, kind: str, annotations: Sequence[Entry], key: str = '') -> list[Finding]:
        """Return a finding about annotations, with their value of ``key``, or nothing where there are none."""
        return found(kind, self.file, annotations, lambda one: self._name(one) + _value(one, key))

    def _name(self, annotation: Entry) -> str:
        image = self.images.get(number_of(annotation))
        return entry_name(annotation) + (f' in {image}' if image else '')


def _value(annotation: Entry, key: str) -> str:
    shown = f'{key} {short(annotation[key])}' if key in annotation else f'no {key}'
    return f': {shown}' if key else ''


def check_boxes(content: Content, file: str) -> list[Finding]:
    """Check the boxes of a file; fill in what needs no guess and leave out what is not finite, in place."""
    annotations = content['annotations']
    labels = _Labels(file, {number_of(one, 'id'): one.get('file_name') for one in content['images']})
    findings = _boxes_of_masks(annotations, labels) + _odd_crowds(annotations, labels)
    odd = [position for position, box in enumerate(_boxes(annotations)) if not is_box(box)]
    findings += labels.find('odd box', [annotations[position] for position in odd], 'bbox')
    usable = [one for one in annotations if is_box(one.get('bbox'))] if odd else annotations
    if not usable:
        return findings
    array = np.array([one['bbox'] for one in usable], np.float64)
    finite = np.isfinite(array.sum(axis=1))
    findings += labels.find('not finite', _where(usable, ~finite), 'bbox')
    if not finite.all():
        dropped = {id(usable[row]) for row in np.flatnonzero(~finite)}
        content['annotations'] = [one for one in annotations if id(one) not in dropped]
        usable, array = [one for one in usable if id(one) not in dropped], array[finite]
    if not usable:
        return [*findings, Finding('no usable box', file, 1, (f'{len(finite)} with NaN or infinity',))]
    findings += _areas(usable, array, labels) + _repeated_objects(usable, array, labels)
    return findings + _geometry(usable, array, _sizes(content, usable), labels)


def _boxes(annotations: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [annotation.get('bbox') for annotation in annotations]


def is_box(box: Any) -> bool:
    """Return whether a value is four numbers, finite or not."""
    if type(box) is not list or len(box) != 4:
        return False
    x, y, width, height = box
    return is_number(x) and is_number(y) and is_number(width) and is_number(height)


def _boxes_of_masks(annotations: Sequence[Entry], labels: _Labels) -> list[Finding]:
    filled = []
    for annotation in annotations:
        if not annotation.get('bbox') and (box := bounds(annotation.get('segmentation'))):
            annotation['bbox'] = box
            filled.append(annotation)
    return labels.find('box of mask', filled)


def _odd_crowds(annotations: Sequence[Entry], labels: _Labels) -> list[Finding]:
    without = [one for one in annotations if one.get('iscrowd') is None]
    for annotation in without:
        annotation['iscrowd'] = 0
    odd = [one for one in annotations if one['iscrowd'] not in (0, 1)]
    return labels.find('iscrowd', without) + labels.find('odd iscrowd', odd, 'iscrowd')


def _repeated_objects(annotations: Sequence[Entry], boxes: np.ndarray, labels: _Labels) -> list[Finding]:
    """Count objects of the image, class and box of another one: vectors and losses count them twice."""
    sums = boxes @ np.sqrt((2, 3, 5, 7))  # alike for few boxes but equal ones, and quicker to compare
    _, positions, counts = np.unique(sums, return_inverse=True, return_counts=True)
    seen: set[tuple[Any, ...]] = set()
    repeated = []
    for row in np.flatnonzero(counts[positions] > 1).tolist():
        one = annotations[row]
        key = (number_of(one), one.get('category_id') if is_id(one.get('category_id')) else None, *one['bbox'])
        if key in seen:
            repeated.append(one)
        seen.add(key)
    return labels.find('object twice', repeated, 'bbox')


def _areas(annotations: Sequence[Entry], boxes: np.ndarray, labels: _Labels) -> list[Finding]:
    """Fill in the area of boxes that have one: MMDetection leaves out objects whose area is 0."""
    filled = []
    for annotation, own in zip(annotations, (boxes[:, 2] * boxes[:, 3]).tolist(), strict=True):
        area = annotation.get('area')
        if not (is_number(area) and 0 < area < math.inf) and own > 0:
            filled.append(annotation)
    findings = labels.find('area', filled, 'area')
    for annotation in filled:
        annotation['area'] = annotation['bbox'][2] * annotation['bbox'][3]
    for annotation in annotations:
        annotation.setdefault('area', 0)  # of a box without area, which is left out, but not before it was read
    return findings


def _sizes(content: Content, annotations: Sequence[Entry]) -> np.ndarray:
    """Return (k, 2) width and height of the image of each annotation, infinite where it is not known."""
    sizes = {number: (image['width'], image['height']) for number, image in sized_images(content).items()}
    return np.array([sizes.get(number_of(one), (math.inf, math.inf)) for one in annotations], np.float64)


def sized_images(content: Content) -> dict[Any, Entry]:
    """Return the images of a possible size by their ids."""
    images = {number_of(image, 'id'): image for image in content['images'] if has_size(image)}
    return {number: image for number, image in images.items() if number is not None}


def number_of(entry: Entry, key: str = 'image_id') -> Any:
    """Return an id, None if there is no usable one."""
    number = entry.get(key)
    return number if isinstance(number, int | str | float) else None


def has_size(image: Mapping[str, Any]) -> bool:
    """Return whether an image's width and height are possible."""
    width, height = image.get('width'), image.get('height')
    return is_number(width) and is_number(height) and 0 < width < math.inf and 0 < height < math.inf


def _geometry(annotations: Sequence[Entry], boxes: np.ndarray, sizes: np.ndarray, labels: _Labels) -> list[Finding]:
    shares = (boxes > -ROUNDED).all() and (boxes < 1 + ROUNDED).all() and (boxes[:, 2:] > 0).any()
    if shares:
        return labels.find('shares', annotations, 'bbox')
    ends = boxes[:, :2] + boxes[:, 2:]
    beyond = (ends > sizes + SLACK).any(axis=1)
    if _are_corners(boxes, sizes, beyond):
        return labels.find('corners', annotations, 'bbox')
    flat = (boxes[:, 2:] < 1).any(axis=1)
    outside = ~flat & ((ends <= 0) | (boxes[:, :2] >= sizes)).any(axis=1)
    huge = ~flat & ~outside & (boxes[:, 2:] > 2 * sizes).any(axis=1)
    rows = {'no area': flat, 'outside': outside, 'huge': huge, 'beyond the edge': beyond & ~(flat | outside | huge)}
    findings = [one for kind, mask in rows.items() for one in labels.find(kind, _where(annotations, mask), 'bbox')]
    ignored = np.array([one['iscrowd'] in (1, True) or bool(one.get('ignore')) for one in annotations])
    if not (flat | outside | ignored).all():
        return findings
    example = f'{flat.sum()} without area, {outside.sum()} outside their image, {ignored.sum()} crowd or ignored'
    return [*findings, Finding('no usable box', labels.file, 1, (example,))]


def _are_corners(boxes: np.ndarray, sizes: np.ndarray, beyond: np.ndarray) -> bool:
    """Return whether boxes end beyond their images as width and height, and nearly all fit into them as corners."""
    fit = (boxes[:, 2:] > boxes[:, :2]).all(axis=1) & (boxes[:, 2:] <= sizes + SLACK).all(axis=1)
    return bool(beyond.mean() > MANY and fit.mean() > NEARLY_ALL)


def _where(annotations: Sequence[Entry], mask: np.ndarray) -> list[Entry]:
    return [annotations[row] for row in np.flatnonzero(mask)]
