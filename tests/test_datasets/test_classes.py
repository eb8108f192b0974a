"""Class names that the annotations do not have: refused, with the nearest name there is."""

import json
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmcsod.datasets.build import build_training_set
from mmcsod.datasets.classes import category_names, check_classes
from mmcsod.util.errors import UserError

from .conftest import coco_leaf, voc_leaf


def training_set(leaf, **options):
    return build_training_set(Config(dict(train_dataloader=dict(dataset=leaf))), **options)


def named(leaf, *classes):
    return {**leaf, 'metainfo': {'classes': classes}}


def with_coco(leaf, change):
    """Write the annotations of a COCO leaf anew, changed, and return the leaf on them."""
    root = Path(leaf['data_root'])
    content = json.loads((root / leaf['ann_file']).read_text())
    change(content)
    (root / 'changed.json').write_text(json.dumps(content))
    return {**leaf, 'ann_file': 'changed.json'}


def test_a_name_that_a_coco_file_lacks_is_refused_with_the_nearest(coco_root):
    assert len(training_set(coco_leaf(coco_root))) == 20  # the file has `stray` too
    leaf = named(coco_leaf(coco_root), 'cat', 'Dog-s', 'bird')
    message = r'names Dog-s \(there is dog\), not found in .*train\.json; correct metainfo\.classes'
    for nest in (leaf, dict(type='RepeatDataset', times=2, dataset=leaf)):
        with pytest.raises(UserError, match=message):
            training_set(nest)
    with pytest.raises(UserError, match=r'names zebra, not found in .*, which also has stray;'):
        training_set(named(coco_leaf(coco_root), 'cat', 'dog', 'bird', 'zebra'))


def test_a_class_that_the_set_truly_lacks_can_be_allowed(coco_root, caplog):
    leaf = named(coco_leaf(coco_root), 'cat', 'zebra', 'dog', 'bird')
    assert len(training_set(leaf, allow_missing_classes=True)) == 20
    assert 'numbers the classes that it has: 0 cat, 1 dog, 2 bird' in caplog.text


@pytest.mark.parametrize('filter_cfg', [None, dict(filter_empty_gt=True)])
def test_where_no_class_matches_it_is_said_what_the_file_has(coco_root, voc_root, filter_cfg):
    leaf = named(coco_leaf(coco_root, filter_cfg=filter_cfg), 'ape', 'bee')
    with pytest.raises(UserError, match=r'Not one of .*\(ape, bee\) is in .*train\.json, which has (stray, )?cat'):
        training_set(leaf)
    if filter_cfg:
        leaf = named(voc_leaf(voc_root, 'VOC2007', filter_cfg=filter_cfg), 'ape', 'bee')
        with pytest.raises(UserError, match=r'Not one of .*trainval\.txt, which has cat, dog, bird'):
            training_set(leaf)


def test_no_annotations_and_no_images_are_said(coco_root):
    leaf = coco_leaf(coco_root, filter_cfg=dict(filter_empty_gt=True))
    with pytest.raises(UserError, match=r'lists 20 images and not one annotated object'):
        training_set(with_coco(leaf, lambda content: content['annotations'].clear()))
    with pytest.raises(UserError, match=r'changed\.json lists no images'):
        training_set(with_coco(leaf, lambda content: (content['annotations'].clear(), content['images'].clear())))
    with pytest.raises(UserError, match=r'lists 20 images and not one passes filter_cfg .*min_size'):
        training_set({**leaf, 'filter_cfg': dict(filter_empty_gt=True, min_size=99)})


def test_two_categories_of_one_name_are_refused(coco_root):
    leaf = with_coco(coco_leaf(coco_root), lambda content: content['categories'].insert(0, dict(id=1, name='dog')))
    dataset = DATASETS.build({**leaf, 'lazy_init': True})
    with category_names(dataset) as categories:
        dataset.full_init()
    with pytest.raises(UserError, match="several categories called 'dog'"):
        check_classes(dataset, categories=categories)


def test_an_order_that_is_not_the_files_is_refused_with_the_right_one(coco_root):
    dataset = DATASETS.build(named(coco_leaf(coco_root, lazy_init=True), 'dog', 'cat', 'bird'))
    with category_names(dataset) as categories:
        dataset.full_init()
    with pytest.raises(UserError, match=r'write classes=\(cat, dog, bird\)'):
        check_classes(dataset, categories=categories)


def test_voc_is_refused_for_a_misspelt_name_and_not_for_a_class_without_objects(voc_root):
    assert len(training_set(named(voc_leaf(voc_root, 'VOC2007'), 'cat', 'dog', 'bird', 'zebra'))) == 10
    assert len(training_set(named(voc_leaf(voc_root, 'VOC2007'), 'cat'))) == 10
    with pytest.raises(UserError, match=r'names DOGS \(there is dog\), not found in .*trainval\.txt'):
        training_set(named(voc_leaf(voc_root, 'VOC2007'), 'cat', 'DOGS', 'bird'))
    assert training_set(named(voc_leaf(voc_root, 'VOC2007'), 'cat', 'DOGS', 'bird'), allow_missing_classes=True)


@DATASETS.register_module()
class NumbersAllCategories(CocoDataset):
    """Like LVISDataset, which takes every category of its file, whatever it is called."""

    class COCOAPI(COCO):
        def get_cat_ids(self, **_):
            return super().get_cat_ids()


def test_a_format_that_does_not_match_names_is_not_refused(coco_root):
    assert len(training_set({**named(coco_leaf(coco_root), 'a', 'b', 'c', 'd'), 'type': 'NumbersAllCategories'})) == 20
