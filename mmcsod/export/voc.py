"""VOC image lists of a coreset, one per source devkit."""

from __future__ import annotations

from collections.abc import Sequence

from mmdet.datasets import XMLDataset
from tqdm import tqdm

from mmcsod.datasets import image_id
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Settings, Source, source_settings
from mmcsod.util.errors import UserError


def write_voc(sources: Sequence[Source], placer: FilePlacer) -> list[Settings]:
    """Write, for each VOC-format source, its ImageSets list thinned out, in the list's own order.

    Images and XML files stay where they are, or are placed beside the lists, so that the folder is a devkit.

    Raises:
        UserError: If a source is not in VOC format.
    """
    settings: list[Settings] = []
    for source in sources:
        if not isinstance(source.leaf, XMLDataset):
            raise UserError(f'{source.leaf.ann_file} is no list of VOC XML annotations; export it as coco or yolo.')
        names = [info['img_id'] for _, info in source.samples()]
        for image, info in tqdm(source.samples(), total=len(names), desc='images', disable=None):
            placer.place(info['img_path'], image)
            placer.place(info['xml_path'], image_id(info['xml_path'], source.root))
        path = placer.write(source.ann_file, ''.join(f'{name}\n' for name in names))
        settings.append({'ann_file': placer.reached_at(path), **source_settings(source, placer)})
    return settings
