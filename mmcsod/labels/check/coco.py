"""A COCO annotation file, read before MMDetection reads it."""

import codecs
import gc
import json
import locale
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmcsod.labels.check.boxes import check_boxes, has_size, is_box, number_of, sized_images
from mmcsod.labels.check.decode import as_utf8, parse
from mmcsod.labels.check.findings import FILLED, Finding, Unreadable, found, short
from mmcsod.labels.check.graph import Content, Entry, check_graph, check_structure
from mmcsod.util.files import new_file

OF_ANNOTATIONS = ('no objects',)
"""Kinds that are no fault of a file whose annotations do not matter."""

SizeOf = Callable[[str], tuple[int, int] | None]
"""Width and height of the image of a file_name, None if it cannot be read."""


@dataclass(frozen=True)
class Labels:
    """What an annotation file says, with everything filled in, None if it cannot be read; and what is wrong with it."""

    content: Content | None
    findings: tuple[Finding, ...]

    @property
    def is_changed(self) -> bool:
        """Whether MMDetection must read the content rather than the file."""
        return any(one.severity == FILLED or one.kind == 'not finite' for one in self.findings)


def check_coco(raw: bytes, file: str, size_of: SizeOf, annotated: bool = True) -> Labels:
    """Check the bytes of a COCO annotation file; unless ``annotated``, its annotations are taken out unseen.

    ``size_of`` looks at an image whose size is impossible.
    """
    findings: list[Finding] = []
    content = None
    with _no_garbage_collection():
        try:
            text, undone = as_utf8(raw, file)
            findings += undone or _foreign_locale(text, file)
            parsed, undone = parse(text, file)
            findings += undone
            if not annotated and isinstance(parsed, dict):
                parsed['annotations'] = []
            findings += check_structure(parsed, file)
            content = parsed
            findings += check_graph(content, file)
            findings += _sizes(content, file, size_of)
            findings += check_boxes(content, file)
        except Unreadable as error:
            findings.append(error.finding)
    return Labels(content, tuple(one for one in findings if annotated or one.kind not in OF_ANNOTATIONS))


def write_plain(content: Content, path: Path) -> None:
    """Write a COCO file that is read alike in any locale."""
    with new_file(path) as file, file.open('w', encoding='ascii') as stream:
        stream.write(json.dumps(content))


def _foreign_locale(text: bytes, file: str) -> list[Finding]:
    """Report text that pycocotools, which opens files in the encoding of the locale, would not read."""
    encoding = locale.getpreferredencoding(False)
    if text.isascii() or codecs.lookup(encoding).name == 'utf-8':
        return []
    return [Finding('re-encoded', file, 1, (f'UTF-8, which this locale would read as {encoding}',))]


def _sizes(content: Content, file: str, size_of: SizeOf) -> list[Finding]:
    """Take the size of image files where the file's is impossible, or does not reach to where a box begins."""
    filled, lacking = [], []
    passed = _passed_sizes(content)
    for image in content['images']:
        possible = has_size(image)
        if (possible and id(image) not in passed) or not isinstance(image.get('file_name'), str):
            continue
        size = size_of(image['file_name'])
        if size is not None and size != (image.get('width'), image.get('height')):
            filled.append((dict(image), size))
            image['width'], image['height'] = size
        elif not possible:
            lacking.append(image)
    return found('size', file, filled, lambda pair: f'{_size(pair[0])}, file {pair[1][0]} x {pair[1][1]}') + found(
        'no size', file, lacking, _size
    )


def _passed_sizes(content: Content) -> set[int]:
    """Return which images some box lies outside of."""
    images, passed = sized_images(content), set()
    for annotation in content['annotations']:
        image, box = images.get(number_of(annotation)), annotation.get('bbox')
        if image is not None and is_box(box) and (box[0] >= image['width'] or box[1] >= image['height']):
            passed.add(id(image))
    return passed


def _size(image: Entry) -> str:
    return f'{short(image.get("file_name"))}: {short(image.get("width"))} x {short(image.get("height"))}'


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Millions of new objects, all of them in use, are otherwise looked through again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
