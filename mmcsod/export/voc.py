"""VOC devkits of a coreset: image lists, and XML files for images whose source has none."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

from mmdet.datasets import XMLDataset
from tqdm import tqdm

from mmcsod.datasets import image_id
from mmcsod.datasets.classes import object_names
from mmcsod.export.files import FilePlacer, inside, refuse_unprintable
from mmcsod.export.source import Export, Source, source_settings
from mmcsod.util.errors import UserError

LIST = 'ImageSets/Main/train.txt'


def write_voc(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write a devkit for each VOC-format source, and one for all others together.

    Of a VOC-format source, its list is thinned out, in the list's own order; images and XML files stay where they are,
    or are placed beside the lists. Of the others, XML files are written.
    """
    for source in filter(has_xml, sources):
        _write_list(source, placer, export)
    if others := [source for source in sources if not has_xml(source)]:
        _write_devkit(others, placer, export)


def has_xml(source: Source) -> bool:
    """Return whether a source is a list of XML files."""
    return isinstance(source.leaf, XMLDataset)


def _write_list(source: Source, placer: FilePlacer, export: Export) -> None:
    names = []
    for image, info in tqdm(source.samples(), total=len(source.image_ids), desc='images', disable=None):
        names.append(info['img_id'])
        export.carried.update(
            name for name in object_names(source.leaf, info['xml_path']) if name not in source.classes
        )
        placer.place(info['img_path'], image)
        _place_xml(source, info, placer)
    path = placer.write(source.ann_file, _lines(names))
    export.settings.append({'ann_file': placer.reached_at(path), **source_settings(source, placer)})


def _place_xml(source: Source, info: Mapping[str, Any], placer: FilePlacer) -> None:
    """Place the XML file of an image; that of a corrected copy is written anew, since the copy does not stay."""
    path = Path(info['xml_path'])
    if not source.original or path.parent.parent != Path(source.leaf.ann_file).parent:
        placer.place(str(path), image_id(str(path), source.root))
    elif placer.mode != 'reference':
        folder = Path(info['img_path']).parent.parent / 'Annotations'
        text = ET.tostring(ET.parse(path).getroot(), 'unicode')
        placer.write(image_id(str(folder / path.name), source.root), text)


def _write_devkit(sources: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write ``JPEGImages``, ``Annotations`` and a list; difficult objects are those that training ignores."""
    if placer.mode == 'reference':
        raise UserError(
            'VOC has images in a folder beside the annotations, so they cannot stay where they are; use --image-mode '
            'link or --image-mode copy.'
        )
    names = []
    samples = [(source, *sample) for source in sources for sample in source.samples()]
    for source, image, info in tqdm(samples, desc='images', disable=None):
        refuse_unprintable(image)
        name = '_'.join(inside(image).parts)
        placer.place(info['img_path'], name, 'JPEGImages')
        names.append(PurePosixPath(name).stem)
        path = f'Annotations/{names[-1]}.xml'
        objects = source.objects(image, info, export.left_out)
        if str(placer.write(path, xml_text(name, info, objects, source.classes))) != path:
            raise UserError(f'Two images would share {path}, one of them {image}; rename it.')
    placer.write(LIST, _lines(names))


def xml_text(
    name: str, info: Mapping[str, Any], objects: Iterable[tuple[Mapping[str, Any], bool]], classes: Sequence[str]
) -> str:
    """Return the XML file of an image; pixels are counted from 1, as VOC does.

    Args:
        name: The image's file name.
        info: Its ``width`` and ``height``.
        objects: Its objects, each with whether training ignores it, which makes it difficult.
        classes: What labels index; an area to ignore, of no class, takes the first.
    """
    root = ET.Element('annotation')
    _add(root, {'folder': 'JPEGImages', 'filename': name})
    _add(ET.SubElement(root, 'size'), {'width': info['width'], 'height': info['height'], 'depth': 3})
    for instance, ignored in objects:
        element = ET.SubElement(root, 'object')
        label = max(instance['bbox_label'], 0)
        _add(element, {'name': classes[label], 'pose': 'Unspecified', 'truncated': 0, 'difficult': int(ignored)})
        sides = (f'{round(side + 1, 3):.10g}' for side in instance['bbox'])
        _add(ET.SubElement(element, 'bndbox'), dict(zip(('xmin', 'ymin', 'xmax', 'ymax'), sides, strict=True)))
    ET.indent(root)
    return ET.tostring(root, encoding='unicode') + '\n'


def _add(parent: ET.Element, values: Mapping[str, Any]) -> None:
    for tag, value in values.items():
        ET.SubElement(parent, tag).text = str(value)


def _lines(names: Sequence[str]) -> str:
    return ''.join(f'{name}\n' for name in names)
