"""Whether the annotations of a training set have the classes that its config names.

MMDetection matches names without a word. ``CocoDataset`` numbers those categories that it finds in the order of the
file: a name that is not there shifts the label of every class behind it, and a list in another order gives labels the
wrong names. ``XMLDataset`` leaves out the objects whose names it does not know.
"""

import difflib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn
from xml.etree import ElementTree

import numpy as np
from mmdet.datasets import CocoDataset, XMLDataset
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset
from mmengine.fileio import get, load

from mmcsod.datasets.ids import leaf_configs
from mmcsod.labels.check.graph import plain_name
from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')

NEAR, SAME = 0.6, 0.8
"""How like two names are, from 0 to 1, of which one may be meant by the other, or surely is."""
SHOWN = 12


@contextmanager
def category_names(leaf: BaseDataset) -> Iterator[list[str]]:
    """Give a list that holds the categories of a COCO file, in its order, once the block has had ``leaf`` read it.

    It stays empty where the dataset does not read its file in ``CocoDataset``'s way.
    """
    names: list[str] = []
    if not isinstance(leaf, CocoDataset):
        yield names
        return
    read = leaf.COCOAPI

    def read_and_note(path: str) -> Any:
        coco = read(path)
        names.extend(str(category['name']) for category in coco.dataset.get('categories', ()))
        return coco

    leaf.COCOAPI = read_and_note
    try:
        yield names
    finally:
        del leaf.COCOAPI


def check_classes(leaf: BaseDataset, allow_missing: bool = False, categories: Sequence[str] = ()) -> None:
    """Refuse a dataset, which has been read, whose ``metainfo.classes`` are not what its annotations call things.

    A set in COCO format must have every class among its categories; more are normal. A set in VOC format has no list of
    categories, and may well lack objects of some class: it is refused where it has objects of nearly the same name.
    Other formats are not looked at. Without ``categories`` of :func:`category_names`, a COCO file is read again.
    """
    classes = _class_names(leaf)
    if isinstance(leaf, CocoDataset):
        if categories or len(leaf.cat_ids) < len(classes):
            check_category_names(leaf.ann_file, classes, categories or _coco_categories(leaf), allow_missing)
    elif isinstance(leaf, XMLDataset) and not allow_missing:
        _check_xml(leaf)


def shifted_labels(leaf: BaseDataset) -> np.ndarray | None:
    """Return :func:`labels_of_categories` of a read dataset whose file lacks some class, None of any other."""
    if not isinstance(leaf, CocoDataset) or len(leaf.cat_ids) >= len(leaf.metainfo['classes']):
        return None
    return labels_of_categories(leaf.metainfo['classes'], _coco_categories(leaf))


def labels_of_categories(classes: Sequence[str], categories: Sequence[str]) -> np.ndarray:
    """Return the index into ``classes`` of each label that ``CocoDataset`` gives, which numbers the file's categories.

    It is 0, 1, 2, ... unless some class is missing from the file.
    """
    return np.array([classes.index(name) for name in categories if name in classes], np.int64)


def refuse_empty_leaves(config: Mapping[str, Any]) -> None:
    """Say which part of a training set has nothing to train on, and why, if that is why it could not be built.

    MMEngine says "need at least one array to concatenate".
    """
    for leaf_config in leaf_configs(config):
        try:
            leaf = DATASETS.build({**leaf_config, 'lazy_init': True, 'serialize_data': False})
            leaf.full_init()
        except Exception:  # something else is wrong, which the caller knows
            continue
        if not len(leaf):
            _refuse_empty(leaf)


def _class_names(leaf: BaseDataset) -> Sequence[str]:
    classes = leaf.metainfo.get('classes') or ()
    if not isinstance(classes, list | tuple) or not all(isinstance(name, str) for name in classes):
        raise UserError(
            f'metainfo.classes of {leaf.ann_file} is no list of names (it is {classes!r}); give the names of the '
            "classes, as ('cat', 'dog')."
        )
    return classes


def _refuse_empty(leaf: BaseDataset) -> NoReturn:
    infos = leaf.load_data_list()
    if not infos:
        raise UserError(f'{leaf.ann_file} lists no images; check ann_file and data_root of the config.')
    if any(info.get('instances') for info in infos):
        raise UserError(
            f'{leaf.ann_file} lists {len(infos)} images and not one passes filter_cfg '
            f'({leaf.filter_cfg}); check its min_size.'
        )
    names = _annotated_names(leaf, infos)
    if not names:
        raise UserError(
            f'{leaf.ann_file} lists {len(infos)} images and not one annotated object; images are chosen by '
            'their objects, so label them first.'
        )
    classes = _class_names(leaf)
    if set(names) & set(classes):
        raise UserError(
            f'{leaf.ann_file} has no usable box of the classes {first_few(classes, SHOWN)}; check its annotations.'
        )
    _refuse_all(leaf.ann_file, classes, names)


def check_category_names(
    file: str, classes: Sequence[str], categories: Sequence[str], allow_missing: bool = False
) -> None:
    """Refuse ``metainfo.classes`` that are not what a COCO file calls its categories, or in another order."""
    classes = list(classes)
    _refuse_repeated(classes, file)
    missing = [name for name in classes if name not in categories]
    if len(missing) == len(classes):
        _refuse_all(file, classes, categories)
    if missing and not allow_missing:
        _refuse_missing(file, missing, [name for name in categories if name not in classes])
    found = [name for name in categories if name in classes]
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise UserError(
            f"{file} has several categories called '{twice[0]}', which shifts the labels of all "
            'that follow; give them different names, or merge them.'
        )
    if missing:
        logger.warning(
            '%s does not have %s, and MMDetection numbers the classes that it has: %s.',
            file,
            first_few(missing, SHOWN),
            first_few([f'{label} {name}' for label, name in enumerate(found)], SHOWN),
        )
    elif found != classes:
        raise UserError(
            f'metainfo.classes are in another order than the categories of {file}. MMDetection numbers '
            'classes in the order of the file, so their names are mixed up; write '
            f'classes=({", ".join(found)}). A detector that was trained already stays valid.'
        )


def _check_xml(leaf: XMLDataset) -> None:
    classes = list(leaf.metainfo['classes'])
    infos = [leaf.get_data_info(index) for index in range(len(leaf))]
    present = {instance['bbox_label'] for info in infos for instance in info['instances']}
    if len(present) >= len(classes):
        return
    check_object_names(leaf.ann_file, classes, _annotated_names(leaf, infos))


def check_object_names(file: str, classes: Sequence[str], names: Sequence[str]) -> None:
    """Refuse ``metainfo.classes`` that are no names of a VOC set's objects, or only nearly."""
    _refuse_repeated(classes, file)
    others = [name for name in names if name not in classes]
    if names and len(others) == len(names):
        _refuse_all(file, classes, names)
    misspelt = [name for name in classes if name not in names and nearest(name, others, SAME)]
    if misspelt:
        _refuse_missing(file, misspelt, others)


def _refuse_repeated(classes: Sequence[str], file: str) -> None:
    repeated = [name for name, count in Counter(classes).items() if count > 1]
    if repeated:
        raise UserError(f'metainfo.classes of {file} names {first_few(repeated)} twice; name each class once.')


def _refuse_all(file: str, classes: Sequence[str], names: Sequence[str]) -> NoReturn:
    raise UserError(
        f'Not one of metainfo.classes ({first_few(_visible(classes, names), SHOWN)}) is in {file}, which has '
        f'{first_few(_visible(names, classes), SHOWN) or "none"}; put those names into metainfo.classes.'
    )


def _refuse_missing(file: str, missing: Sequence[str], others: Sequence[str]) -> NoReturn:
    """Refuse names that the annotations do not have; ``others`` are those that only they have."""
    guesses = {name: nearest(name, others, NEAR) for name in missing}
    listed = first_few(
        [
            f'{_visible([name], [guess])[0]} (there is {_visible([guess], [name])[0]})' if guess else name
            for name, guess in guesses.items()
        ],
        SHOWN,
    )
    there = f', which also has {first_few(others, SHOWN)}' if others and None in guesses.values() else ''
    raise UserError(
        f'metainfo.classes names {listed}, not found in {file}{there}; correct metainfo.classes, '
        'or use --allow-missing-classes if the set truly lacks them.'
    )


def _visible(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return names, those that only look like one of the others in ASCII."""
    plain = {plain_name(other) for other in others}
    return [ascii(name) if plain_name(name) in plain and name not in others else name for name in names]


def nearest(name: str, candidates: Sequence[str], cutoff: float) -> str | None:
    """Return the candidate most like ``name``, letter case and punctuation aside, or None if none is like it."""
    plain = {_letters(candidate): candidate for candidate in candidates}
    found = difflib.get_close_matches(_letters(name), plain, n=1, cutoff=cutoff)
    return plain[found[0]] if found else None


def _letters(name: str) -> str:
    return ''.join(filter(str.isalnum, name.casefold())) or name


def _annotated_names(leaf: BaseDataset, infos: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the annotations of COCO-like and VOC-like sets call their objects; other sets' are not known."""
    if isinstance(leaf, XMLDataset):
        names = (name for info in infos for name in object_names(leaf, info['xml_path']))
        return list(dict.fromkeys(names))
    return _coco_categories(leaf, used_alone=True) if isinstance(leaf, CocoDataset) else []


def _coco_categories(leaf: CocoDataset, used_alone: bool = False) -> list[str]:
    content = load(leaf.ann_file, backend_args=leaf.backend_args)
    used = {annotation['category_id'] for annotation in content.get('annotations', ())}
    categories = content.get('categories', ())
    return [str(category['name']) for category in categories if category['id'] in used or not used_alone]


def object_names(leaf: XMLDataset, path: str) -> list[str]:
    """Return the name of each object in an XML file, of the classes and of others."""
    root = ElementTree.fromstring(get(path, backend_args=leaf.backend_args))
    return [entry.findtext('name', '') for entry in root.findall('object')]
