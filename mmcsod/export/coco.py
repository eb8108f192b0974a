"""COCO JSON of a coreset's images; for FiftyOne and LightlyStudio, of the whole pool, divided into keep and drop."""

import json
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.datasets import CocoDataset
from mmengine.fileio import load
from tqdm import tqdm

from mmcsod.datasets.audit import Account
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Export, Source, source_settings

CONVERTED = 'annotations.json'
IMAGES = 'data'
"""The folder of links or copies; tools that show images take it beside the annotation files."""


def write_coco(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write each COCO-format source as its own file thinned out, and all others together as a converted one.

    A COCO file keeps everything (segmentations, crowds, areas, ids, categories, unknown fields) of the images that
    stay; only the other images and their annotations go, and file names that lead out of a folder of links or copies
    become those of the images in it. A converted file holds the boxes as MMDetection reads them,
    difficult ones and areas to ignore as crowds, which training ignores likewise.
    """
    for source in sources:
        if isinstance(source.leaf, CocoDataset):
            _write_source(source, placer, export)
    others = [source for source in sources if not isinstance(source.leaf, CocoDataset)]
    if others:
        _write_converted(others, placer, export)


def write_keep_and_drop(kept: Sequence[Source], dropped: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write the selected images as ``keep.json`` and the rest of the pool as ``drop.json``, both in COCO format.

    Images that stay where they are have absolute file names, which both tools accept.
    """

    def place(path: str, image: str) -> str:
        name = placer.place(path, image, IMAGES)
        return str(Path(path).absolute()) if placer.mode == 'reference' else name.removeprefix(f'{IMAGES}/')

    classes = kept[0].classes
    placer.write('keep.json', as_json(_convert(kept, classes, place, export.left_out)))
    placer.write('drop.json', as_json(_convert(dropped, classes, place, Account())))


def _convert(
    sources: Sequence[Source], classes: Sequence[str], place: Callable[[str, str], str], left_out: Account
) -> dict[str, Any]:
    """Return sources of any format as one COCO file, whose ids start at 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    samples = [(source, *sample) for source in sources for sample in source.samples()]
    for number, (source, image, info) in enumerate(tqdm(samples, desc='images', disable=None), start=1):
        for annotation in _annotations(source, image, info, left_out):
            annotations.append({'id': len(annotations) + 1, 'image_id': number, **annotation})
        name = place(info['img_path'], image)
        images.append({'id': number, 'file_name': name, 'width': info['width'], 'height': info['height']})
    categories = [{'id': label + 1, 'name': name} for label, name in enumerate(classes)]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def as_json(content: Mapping[str, Any]) -> str:
    """Return a COCO file's text."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False)


def _write_converted(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    classes, referenced = sources[0].classes, placer.mode == 'reference'

    def place(path: str, image: str) -> str:
        name = placer.place(path, image)
        return image if referenced else name

    path = placer.write(CONVERTED, as_json(_convert(sources, classes, place, export.left_out)))
    export.settings.append(
        {
            'type': 'CocoDataset',
            'metainfo': {'classes': classes},
            'data_root': f'{sources[0].root if referenced else placer.out}/',
            'ann_file': placer.reached_at(path),
            'data_prefix': {'img': ''},
        }
    )


def _write_source(source: Source, placer: FilePlacer, export: Export) -> None:
    samples = tqdm(source.samples(), total=len(source.image_ids), desc='images', disable=None)
    placed = {info['img_id']: placer.place(info['img_path'], image) for image, info in samples}
    content, settings = _thin_out(source, placed), dict(source_settings(source, placer))
    if placer.mode != 'reference' and _leads_elsewhere(content['images'], settings['data_prefix']['img'], placed):
        content['images'] = [{**image, 'file_name': placed[image['id']]} for image in content['images']]
        settings['data_prefix'] = {**settings['data_prefix'], 'img': ''}
    path = placer.write(source.ann_file, as_json(content))
    export.settings.append({'ann_file': placer.reached_at(path), **settings})
    names = {category['id']: str(category['name']) for category in content['categories']}
    kinds = (names.get(annotation['category_id'], 'no category') for annotation in content['annotations'])
    export.carried.update(name for name in kinds if name not in source.classes)


def _leads_elsewhere(images: Sequence[Mapping[str, Any]], prefix: str, placed: Mapping[Any, str]) -> bool:
    """Return whether some file name, an absolute one for example, does not lead to where the image was put."""
    return any(
        posixpath.normpath(posixpath.join(prefix, image['file_name'])) != placed[image['id']] for image in images
    )


def _thin_out(source: Source, kept: Mapping[Any, str]) -> dict[str, Any]:
    """Return the source's annotation file with the images whose COCO ids are in ``kept`` alone."""
    content = load(source.leaf.ann_file, backend_args=source.leaf.backend_args)
    return {
        **content,
        'images': [image for image in content['images'] if image['id'] in kept],
        'annotations': [annotation for annotation in content['annotations'] if annotation['image_id'] in kept],
    }


def _annotations(source: Source, image: str, info: dict[str, Any], left_out: Account) -> Iterator[dict[str, Any]]:
    for instance, ignored in source.objects(image, info, left_out):
        x1, y1, x2, y2 = instance['bbox']
        label = max(instance['bbox_label'], 0)  # -1 marks an area to ignore, of no class: a crowd must be of some class
        yield {
            'category_id': label + 1,
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'area': (x2 - x1) * (y2 - y1),
            'iscrowd': int(ignored),
            'segmentation': instance.get('mask', []),
        }
