"""A coreset in the YOLO layout: images/, labels/, a list and data.yaml."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml
from tqdm import tqdm

from mmcsod.datasets.classes import shifted_labels
from mmcsod.export.files import FilePlacer, inside, refuse_unprintable
from mmcsod.export.source import Export, Source
from mmcsod.util.errors import UserError


def write_yolo(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write images, one label file each, ``train.txt`` in dataset order and ``data.yaml``.

    A label line is ``class x_center y_center width height``, as shares of the decoded image's size. Boxes are clipped
    to the image; those that extraction leaves out (crowds and difficult objects, for example) are left out and counted.
    YOLO trainers find a label by putting ``labels`` in the place of ``images`` in the path of its image, some the
    first, some the last, so that folders called ``images`` inside an image id are left out of the path.

    Raises:
        UserError: If images were to stay where they are: YOLO looks for labels beside its images.
    """
    if placer.mode == 'reference':
        raise UserError(
            'YOLO looks for labels in a folder beside the images, so images cannot stay where they are; '
            'use --image-mode link or --image-mode copy.'
        )
    lines = []
    for source in sources:
        labels = shifted_labels(source.leaf)
        for image, info in tqdm(source.samples(), total=len(source.image_ids), desc='images', disable=None):
            lines.append(f'./{_place(image, info, placer)}\n')
            counted = [instance for instance, ignored in source.objects(image, info, export.left_out) if not ignored]
            numbers = [instance['bbox_label'] for instance in counted]
            _write_labels(image, info, counted, numbers if labels is None else labels[numbers], placer)
    placer.write('train.txt', ''.join(lines))
    placer.write('data.yaml', data_yaml(sources[0].classes))


def data_yaml(classes: Sequence[str]) -> str:
    """Return ``data.yaml``: where the images are, and the class names."""
    return (
        '# val: your own validation images; a coreset is for training\n'
        + yaml.safe_dump({'train': 'train.txt', 'val': None}, sort_keys=False)
        + yaml.safe_dump({'names': dict(enumerate(classes))}, allow_unicode=''.join(classes).isprintable())
    )


def label_line(label: int, box: Sequence[float], width: int, height: int) -> str:
    """Return the line of an object, its box as corners in pixels."""
    x1, x2 = (min(max(x, 0), width) / width for x in (box[0], box[2]))
    y1, y2 = (min(max(y, 0), height) / height for y in (box[1], box[3]))
    numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
    return ' '.join([str(int(label)), *(f'{number:.6f}' for number in numbers)])


def _place(image: str, info: Mapping[str, Any], placer: FilePlacer) -> str:
    refuse_unprintable(image)
    return placer.place(info['img_path'], _name(image), 'images')


def _name(image: str) -> str:
    return '/'.join(part for part in inside(image).parts if part != 'images')


def _write_labels(
    image: str,
    info: Mapping[str, Any],
    instances: Sequence[Mapping[str, Any]],
    labels: Iterable[int],
    placer: FilePlacer,
) -> None:
    path = inside(_name(image), 'labels').with_suffix('.txt')
    lines = [
        f'{label_line(label, instance["bbox"], info["width"], info["height"])}\n'
        for label, instance in zip(labels, instances, strict=True)
    ]
    if placer.write(str(path), ''.join(lines)) != path:
        raise UserError(f'Two images would share the label file {path}, one of them {image}; rename it.')
