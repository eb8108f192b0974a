"""A coreset in the YOLO layout: images/, labels/, a list and data.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from mmcsod.datasets.classes import shifted_labels
from mmcsod.export.files import FilePlacer, inside
from mmcsod.export.source import Settings, Source
from mmcsod.util.errors import UserError


def write_yolo(sources: Sequence[Source], placer: FilePlacer) -> list[Settings]:
    """Write images, one label file each, ``train.txt`` in dataset order and ``data.yaml``.

    A label line is ``class x_center y_center width height``, as shares of the image's size. Boxes are clipped to
    the image; crowds and difficult objects, which training ignores, and boxes without area are left out. YOLO trainers
    find a label by putting ``labels`` in the place of ``images`` in the path of its image, some of them the first,
    some the last, so that folders called ``images`` inside an image id are left out of the path.

    Raises:
        UserError: If images were to stay where they are: YOLO looks for labels beside its images.
    """
    if placer.mode == 'reference':
        raise UserError(
            'YOLO looks for labels in a folder beside the images, so images cannot stay where they are; '
            'use --images link or --images copy.'
        )
    samples = [
        (*sample, labels)
        for source in sources
        for labels in [shifted_labels(source.leaf)]
        for sample in source.samples()
    ]
    lines = []
    for image, info, labels in tqdm(samples, desc='images', disable=None):
        name = '/'.join(part for part in inside(image).parts if part != 'images')
        if not name.isprintable():
            raise UserError(
                f'The image {image!r} has control characters in its name, which break the lists of YOLO; rename it.'
            )
        lines.append(f'./{placer.place(info["img_path"], name, "images")}\n')
        path = inside(name, 'labels').with_suffix('.txt')
        if placer.write(str(path), ''.join(f'{line}\n' for line in _labels(info, labels))) != path:
            raise UserError(f'Two images would share the label file {path}, one of them {image}; rename it.')
    placer.write('train.txt', ''.join(lines))
    placer.write('data.yaml', _yaml(sources[0].classes))
    return []


def _labels(info: Mapping[str, Any], labels: np.ndarray | None = None) -> Iterator[str]:
    width, height = info['width'], info['height']
    for instance in info['instances']:
        x1, y1, x2, y2 = instance['bbox']
        x1, x2 = max(x1, 0) / width, min(x2, width) / width
        y1, y2 = max(y1, 0) / height, min(y2, height) / height
        if not instance.get('ignore_flag') and x2 > x1 and y2 > y1:
            numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
            label = instance['bbox_label'] if labels is None else labels[instance['bbox_label']]
            yield ' '.join([str(int(label)), *(f'{number:.6f}' for number in numbers)])


def _yaml(classes: Sequence[str]) -> str:
    names = ''.join(f'  {label}: {_quoted(name)}\n' for label, name in enumerate(classes))
    return f'train: train.txt\nval:  # your own validation images: a coreset is for training\nnames:\n{names}'


def _quoted(name: str) -> str:
    """Return a YAML string, in double quotes; whatever YAML may take for the end of a line is written as an escape."""
    text = json.dumps(name, ensure_ascii=False)
    return ''.join(char if char.isprintable() else f'\\U{ord(char):08x}' for char in text)
