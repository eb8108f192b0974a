"""One dataset of a config: finds its files and has the readers check them."""

import importlib.util
import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmdet.datasets import CocoDataset, XMLDataset
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.fileio import get

from mmcsod.datasets.images import decoded_size
from mmcsod.labels.check.coco import check_coco
from mmcsod.labels.check.files import Listings, MissingImage, missing_files, missing_images
from mmcsod.labels.check.findings import FILLED, NUM_EXAMPLES, Finding, found, short
from mmcsod.labels.check.graph import is_id, is_text
from mmcsod.labels.check.voc import check_list, check_xml
from mmcsod.labels.split import IMAGE_SUFFIXES
from mmcsod.util.console import show_traceback
from mmcsod.util.errors import first_cause

PACKAGES = {'petrel': 'petrel_client', 's3': 'petrel_client', 'ceph': 'ceph', 'lmdb': 'lmdb', 'memcached': 'mc'}
"""What MMEngine's backends for files import."""
IMAGES_ALONE = ('lmdb', 'memcached')
"""Backends that give no annotation files."""


@dataclass(frozen=True)
class CheckedLeaf:
    """What a dataset's files say, and what is wrong with them.

    The path of the annotation file is joined with its root, '' if that cannot be told. ``content`` and ``xml``, by the
    name of each image, are what files should hold, None and empty if they do. A VOC set has no list of categories.
    """

    ann_file: str
    findings: tuple[Finding, ...]
    content: Any = None
    xml: Mapping[str, bytes] = field(default_factory=dict)
    categories: tuple[str, ...] | None = None
    objects: Mapping[str, int] = field(default_factory=dict)
    classes: Any = None


def check_leaf(
    config: Mapping[str, Any], look_for_images: bool = True, annotated: bool = True, beside: str = ''
) -> CheckedLeaf:
    """Check the files of a dataset that wraps no other, a COCO file without its annotations unless ``annotated``.

    A missing annotation file is looked for in the folder ``beside``, the config's, too: paths are relative to the
    current one.
    """
    name = str(config.get('ann_file') or config.get('type'))
    wrong = [*_settings(config, name), *_storage(config, name)]
    if wrong:
        return CheckedLeaf('', tuple(wrong))
    try:
        leaf = DATASETS.build({**config, 'lazy_init': True, 'pipeline': [], 'serialize_data': False})
    except Exception as error:  # a dataset is a program
        show_traceback()
        return CheckedLeaf('', (Finding('dataset', name, 1, (f'{type(error).__name__}: {first_cause(error)}',)),))
    if not _is_read_here(leaf):
        unknown = Finding('not looked into', name, 1, (type(leaf).__name__,))
        return CheckedLeaf('', (unknown,), classes=leaf.metainfo.get('classes'))
    try:
        raw = get(leaf.ann_file, backend_args=leaf.backend_args)
    except Exception as error:  # as many kinds as there are backends
        show_traceback()
        return CheckedLeaf(leaf.ann_file, (_missing_file(leaf.ann_file, name, error, beside),))
    if isinstance(leaf, CocoDataset):
        return _check_coco(leaf, raw, name, look_for_images, annotated)
    return _check_voc(leaf, raw, name, look_for_images)


def _is_read_here(leaf: BaseDataset) -> bool:
    """Return whether a dataset reads its file in a way that is known here."""
    kinds = [kind for kind in (CocoDataset, XMLDataset) if isinstance(leaf, kind)]
    return any(type(leaf).load_data_list is kind.load_data_list for kind in kinds)


def _settings(config: Mapping[str, Any], name: str) -> Iterator[Finding]:
    ann_file, metainfo = config.get('ann_file', ''), config.get('metainfo') or {}
    if not isinstance(ann_file, str):
        yield Finding('not a file', name, 1, (f'ann_file is {short(ann_file)}',))
    if isinstance(metainfo, Mapping) and 'CLASSES' in metainfo:
        yield Finding('classes', name, 1, ('metainfo has CLASSES, which MMDetection 3 calls classes',))
    if 'classes' in config:
        yield Finding('classes', name, 1, ('classes stands beside metainfo; write metainfo=dict(classes=...)',))


def _storage(config: Mapping[str, Any], name: str) -> Iterator[Finding]:
    args = config.get('backend_args') or {}
    backend = args.get('backend')
    places = {key: str(config.get(key) or '') for key in ('data_root', 'ann_file')}
    for key, place in places.items():
        scheme = place.partition('://')[0] if '://' in place else ''
        if scheme in ('http', 'https'):
            yield Finding('storage', name, 1, (f'{key} is {short(place)}: MMDetection reads no dataset off the web',))
            return
        backend = backend or scheme
    package = PACKAGES.get(str(backend))
    if package is not None and importlib.util.find_spec(package) is None:
        yield Finding('storage', name, 1, (f'the backend {backend} needs the package {package}, not installed here',))
    elif backend in IMAGES_ALONE:
        yield Finding('storage', name, 1, (f'{backend} gives no annotation files; set it in LoadImageFromFile alone',))


def _missing_file(path: str, name: str, error: Exception, beside: str) -> Finding:
    if isinstance(error, IsADirectoryError):
        return Finding('not a file', name, 1, (f'{path} is a folder',))
    if '://' in path or os.path.exists(path):  # noqa: PTH110 (any text)
        return Finding('missing file', name, 1, (f'{path}: {type(error).__name__}: {first_cause(error)}',))
    elsewhere = posixpath.join(beside, path)
    is_beside = os.path.exists(elsewhere)  # noqa: PTH110
    missing = [MissingImage(path, elsewhere)] if is_beside else missing_files([path], Listings())
    return Finding('missing file', name, 1, (str(missing[0]) if missing else f'{path} leads nowhere',))


def _check_coco(leaf: CocoDataset, raw: bytes, name: str, look_for_images: bool, annotated: bool) -> CheckedLeaf:
    prefix = leaf.data_prefix.get('img', '')
    labels = check_coco(raw, name, lambda file: decoded_size(posixpath.join(prefix, file)), annotated)
    findings, content = labels.findings, labels.content
    if content is None:
        return CheckedLeaf(leaf.ann_file, findings)
    names = [image.get('file_name') for image in content['images']]
    if look_for_images:
        findings += _missing([posixpath.join(prefix, one) for one in names if is_text(one)], name, prefix)
    objects, classes = _count_objects(content), leaf.metainfo.get('classes')
    return CheckedLeaf(
        leaf.ann_file,
        (*findings, *_other_classes(objects, classes, name)),
        content if labels.is_changed or not annotated else None,
        categories=tuple(str(category.get('name')) for category in content['categories']),
        objects=objects,
        classes=classes,
    )


def _count_objects(content: Mapping[str, Any]) -> Counter[str]:
    names = {one['id']: str(one.get('name')) for one in content['categories'] if is_id(one.get('id'))}
    numbers = (number for one in content['annotations'] if is_id(number := one.get('category_id')))
    return Counter(names[number] for number in numbers if number in names)


def _other_classes(objects: Counter[str], classes: Any, name: str) -> list[Finding]:
    """Count objects that MMDetection leaves out for their names; where it leaves out all, the classes are wrong."""
    known = classes if classes and isinstance(classes, list | tuple) else objects
    others = [(one, count) for one, count in objects.most_common() if one not in known]
    if not others or len(others) == len(objects):
        return []
    examples = tuple(f'{short(one)}: {count:,}' for one, count in others[:NUM_EXAMPLES])
    return [Finding('other classes', name, sum(count for _, count in others), examples)]


def _check_voc(leaf: XMLDataset, raw: bytes, name: str, look_for_images: bool) -> CheckedLeaf:
    folder = posixpath.join(leaf.sub_data_root, leaf.ann_subdir)
    listings = Listings()
    names, findings = check_list(raw, name, lambda one: listings.holds(posixpath.normpath(f'{folder}/{one}.xml')))
    files = {one: f'{folder}/{one}.xml' for one in names}
    local = {} if '://' in folder else files
    content = {one: _read(path) for one, path in local.items() if listings.holds(posixpath.normpath(path))}
    objects, faults, mended = check_xml([(files[one], raw) for one, raw in content.items()], name)
    classes = leaf.metainfo.get('classes')
    findings += found('missing XML', name, missing_files(local.values(), listings))
    findings += [*faults, *_other_classes(objects, classes, name)]
    if look_for_images:
        images = posixpath.join(leaf.sub_data_root, leaf.img_subdir)
        findings += _voc_images([posixpath.join(images, f'{one}.jpg') for one in names], name, images)
    changed = any(one.severity == FILLED for one in findings)
    return CheckedLeaf(
        leaf.ann_file,
        tuple(findings),
        ''.join(f'{one}\n' for one in names) if changed else None,
        {one: mended.get(files[one], raw) for one, raw in content.items()} if mended else {},
        objects=objects,
        classes=classes,
    )


def _voc_images(paths: Sequence[str], name: str, folder: str) -> list[Finding]:
    """Return what is missing of the only names that MMDetection reads, which end in .jpg."""
    listings = Listings()
    others = {path: near for path in paths if (near := _other_format(path, listings))}
    shown = [f'{path}: there is {near}' for path, near in others.items()]
    rest = [path for path in paths if path not in others]
    return [*found('not .jpg', name, shown), *_missing(rest, name, folder)]


def _other_format(path: str, listings: Listings) -> str | None:
    near = listings.near(*posixpath.split(path)) or ''
    suffix = posixpath.splitext(near)[1]
    return near if suffix != '.jpg' and suffix.lower() in IMAGE_SUFFIXES else None


def _read(path: str) -> bytes:
    with open(path, 'rb') as file:  # noqa: PTH123 (thousands of them)
        return file.read()


def _missing(paths: Sequence[str], name: str, folder: str) -> tuple[Finding, ...]:
    missing = missing_images(paths, folder=folder)
    shown = sorted(missing, key=lambda one: one.near is None)[:NUM_EXAMPLES]
    if not missing:
        return ()
    kind = 'missing image' if len(missing) < len(paths) else 'other names' if shown[0].near else 'no images'
    return (Finding(kind, name, len(missing), tuple(map(str, shown))),)
