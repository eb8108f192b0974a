"""COCO JSON of a coreset's images."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmdet.datasets import CocoDataset
from mmengine.fileio import load
from tqdm import tqdm

from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Settings, Source, source_settings

CONVERTED = 'annotations.json'


def write_coco(sources: Sequence[Source], placer: FilePlacer) -> list[Settings]:
    """Write each COCO-format source as its own file thinned out, and all others together as a converted one.

    A COCO file keeps everything (segmentations, crowds, areas, ids, categories, unknown fields) of the images that
    stay; only the other images and their annotations go, and file names that lead out of a folder of links or copies
    become those of the images in it. A converted file holds the boxes as MMDetection reads them,
    difficult ones and areas to ignore as crowds, which training ignores likewise.
    """
    settings = []
    for source in sources:
        if isinstance(source.leaf, CocoDataset):
            settings.append(_write_source(source, placer))
    others = [source for source in sources if not isinstance(source.leaf, CocoDataset)]
    if others:
        path = placer.write(CONVERTED, _json(convert(others, placer)))
        root = placer.out if placer.mode != 'reference' else others[0].root
        settings.append(
            {
                'type': 'CocoDataset',
                'metainfo': {'classes': others[0].classes},
                'data_root': f'{root}/',
                'ann_file': placer.reached_at(path),
                'data_prefix': {'img': ''},
            }
        )
    return settings


def _write_source(source: Source, placer: FilePlacer) -> Settings:
    content, settings = thin_out(source), dict(source_settings(source, placer))
    samples = tqdm(source.samples(), total=len(source.image_ids), desc='images', disable=None)
    placed = {info['img_id']: placer.place(info['img_path'], image) for image, info in samples}
    if placer.mode != 'reference' and _leads_elsewhere(content['images'], settings['data_prefix']['img'], placed):
        content['images'] = [{**image, 'file_name': placed[image['id']]} for image in content['images']]
        settings['data_prefix'] = {**settings['data_prefix'], 'img': ''}
    path = placer.write(source.ann_file, _json(content))
    return {'ann_file': placer.reached_at(path), **settings}


def _leads_elsewhere(images: Sequence[Mapping[str, Any]], prefix: str, placed: Mapping[Any, str]) -> bool:
    """Return whether some file name, an absolute one for example, does not lead to where the image was put."""
    return any(
        posixpath.normpath(posixpath.join(prefix, image['file_name'])) != placed[image['id']] for image in images
    )


def thin_out(source: Source) -> dict[str, Any]:
    """Return the source's annotation file without the images that are not in the coreset."""
    content = load(source.leaf.ann_file, backend_args=source.leaf.backend_args)
    kept = {info['img_id'] for _, info in source.samples()}
    return {
        **content,
        'images': [image for image in content['images'] if image['id'] in kept],
        'annotations': [annotation for annotation in content['annotations'] if annotation['image_id'] in kept],
    }


def convert(sources: Sequence[Source], placer: FilePlacer) -> dict[str, Any]:
    """Return sources of any format as one COCO file; ids start at 1, file names are the image ids."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    samples = [sample for source in sources for sample in source.samples()]
    for number, (image, info) in enumerate(tqdm(samples, desc='images', disable=None), start=1):
        name = placer.place(info['img_path'], image)
        images.append(
            {
                'id': number,
                'file_name': image if placer.mode == 'reference' else name,
                'width': info['width'],
                'height': info['height'],
            }
        )
        for annotation in _annotations(info):
            annotations.append({'id': len(annotations) + 1, 'image_id': number, **annotation})
    categories = [{'id': label + 1, 'name': name} for label, name in enumerate(sources[0].classes)]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def _annotations(info: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for instance in info['instances']:
        x1, y1, x2, y2 = instance['bbox']
        label = max(instance['bbox_label'], 0)  # -1 marks an area to ignore, of no class: a crowd must be of some class
        yield {
            'category_id': label + 1,
            'bbox': [x1, y1, x2 - x1, y2 - y1],
            'area': (x2 - x1) * (y2 - y1),
            'iscrowd': int(instance.get('ignore_flag', 0)),
            'segmentation': instance.get('mask', []),
        }


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False)
