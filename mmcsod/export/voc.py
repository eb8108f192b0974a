"""VOC image lists of a coreset, one per source devkit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mmdet.datasets import XMLDataset
from tqdm import tqdm

from mmcsod.datasets import image_id
from mmcsod.datasets.classes import object_names
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Export, Source, source_settings
from mmcsod.util.errors import UserError


def write_voc(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write, for each VOC-format source, its ImageSets list thinned out, in the list's own order.

    Images and XML files stay where they are, or are placed beside the lists, so that the folder is a devkit.
    """
    for source in sources:
        if not isinstance(source.leaf, XMLDataset):
            name = source.original or source.leaf.ann_file
            raise UserError(f'{name} is not a list of VOC XML annotations; export it as coco or yolo.')
        names = []
        for image, info in tqdm(source.samples(), total=len(source.image_ids), desc='images', disable=None):
            names.append(info['img_id'])
            export.carried.update(
                name for name in object_names(source.leaf, info['xml_path']) if name not in source.classes
            )
            placer.place(info['img_path'], image)
            _place_xml(source, info, placer)
        path = placer.write(source.ann_file, ''.join(f'{name}\n' for name in names))
        export.settings.append({'ann_file': placer.reached_at(path), **source_settings(source, placer)})


def _place_xml(source: Source, info: Mapping[str, Any], placer: FilePlacer) -> None:
    """Place the XML file of an image; that of a corrected copy is written anew, since the copy does not stay."""
    path = Path(info['xml_path'])
    if not source.original or path.parent.parent != Path(source.leaf.ann_file).parent:
        placer.place(str(path), image_id(str(path), source.root))
    elif placer.mode != 'reference':
        folder = Path(info['img_path']).parent.parent / 'Annotations'
        text = ElementTree.tostring(ElementTree.parse(path).getroot(), 'unicode')
        placer.write(image_id(str(folder / path.name), source.root), text)
