import json
import shutil

import pytest
from mmdet.registry import DATASETS

from mmcsod.datasets import all_image_ids, common_root, image_id, image_ids, leaf_configs, leaf_datasets
from mmcsod.util.errors import UserError

from .conftest import coco_leaf, voc_leaf
from .nests import repeat


@pytest.mark.parametrize(
    ('img_path', 'root', 'expected'),
    [
        ('data/coco/train/1.jpg', 'data/coco', 'train/1.jpg'),
        ('data/coco/train/1.jpg', 'data/coco/', 'train/1.jpg'),
        ('data/coco/train/1.jpg', './data/../data/coco', 'train/1.jpg'),
        ('data/coco-extra/1.jpg', 'data/coco', '../coco-extra/1.jpg'),
        ('/abs/coco-extra/1.jpg', '/abs/coco', '/abs/coco-extra/1.jpg'),
        ('/elsewhere/1.jpg', 'data/coco', '/elsewhere/1.jpg'),
        ('s3://bucket/coco/train/1.jpg', 's3://bucket/coco/', 'train/1.jpg'),
        ('http://host/1.jpg', 'data/coco', 'http://host/1.jpg'),
        ('data/coco/./train/1.jpg', '', 'data/coco/train/1.jpg'),
        ('s3://bucket/a/../b/1.jpg', '', 's3://bucket/b/1.jpg'),
        ('/abs/1.jpg', '/', 'abs/1.jpg'),
    ],
)
def test_image_id(img_path, root, expected):
    assert image_id(img_path, root) == expected


def build(config):
    return DATASETS.build(config)


def renamed(root, spelling):
    return {**coco_leaf(root), 'data_root': spelling}


def test_ids_do_not_depend_on_how_the_root_is_spelled(coco_root, tmp_path, monkeypatch):
    monkeypatch.chdir(coco_root.parent)
    (tmp_path / 'link').symlink_to(coco_root)
    spellings = [coco_root, f'{coco_root}/', 'coco', './coco/', f'../{coco_root.parent.name}/coco', tmp_path / 'link']
    found = [all_image_ids([build(renamed(coco_root, str(spelling)))]) for spelling in spellings]
    assert found[0][0][:2] == ['train/0000.jpg', 'train/0001.jpg']
    assert all(ids == found[0] for ids in found)


def test_leaves_with_different_roots_are_named_below_their_common_parent(voc_root):
    own = {'ann_file': 'ImageSets/Main/trainval.txt', 'data_prefix': {'sub_data_root': ''}}
    leaves = [build(voc_leaf(voc_root / year, year, **own)) for year in ('VOC2007', 'VOC2012')]
    assert common_root(leaves) == str(voc_root)
    ids = all_image_ids(leaves)
    assert [leaf_ids[0] for leaf_ids in ids] == ['VOC2007/JPEGImages/000000.jpg', 'VOC2012/JPEGImages/000000.jpg']
    # ... which are the ids of the usual spelling, with one root
    usual = [build(voc_leaf(voc_root, year)) for year in ('VOC2007', 'VOC2012')]
    assert all_image_ids(usual) == ids


class Rooted:
    def __init__(self, data_root):
        self.data_root = data_root


@pytest.mark.parametrize(
    ('roots', 'expected'),
    [
        (['s3://bucket/a', 's3://bucket/b/'], 's3://bucket'),
        (['/d/coco', '/d/coco/extra'], '/d/coco'),
        (['/d/coco', 's3://bucket/a'], ''),
        (['/d/coco', None], ''),
        (['/d/coco/', '/d/./coco'], '/d/coco'),
    ],
)
def test_common_root(roots, expected):
    assert common_root([Rooted(root) for root in roots]) == expected


def test_two_images_with_one_id_are_refused(coco_root, tmp_path):
    content = json.loads((coco_root / 'train.json').read_text())
    content['images'].append({**content['images'][4], 'id': 9999})
    (tmp_path / 'twice.json').write_text(json.dumps(content))
    leaf = build({**coco_leaf(coco_root), 'ann_file': str(tmp_path / 'twice.json')})
    with pytest.raises(UserError, match=r'train/0004\.jpg more than once'):
        image_ids(leaf, common_root([leaf]))
    with pytest.raises(UserError, match=r'train/0000\.jpg more than once'):
        all_image_ids([build(coco_leaf(coco_root)), build(coco_leaf(coco_root))])


def test_videos_are_refused(coco_root):
    leaf = build(coco_leaf(coco_root, serialize_data=False))
    for info in leaf.data_list:
        info['images'] = [{'img_path': info.pop('img_path')}]
    with pytest.raises(UserError, match='no single "img_path"'):
        image_ids(leaf, common_root([leaf]))


def test_leaves_are_found_in_the_order_of_their_configs(voc_root, coco_root):
    several = [voc_leaf(voc_root, 'VOC2012'), repeat(coco_leaf(coco_root)), voc_leaf(voc_root, 'VOC2007')]
    config = repeat({'type': 'ConcatDataset', 'datasets': several})
    leaves = leaf_datasets(build(config))
    assert [type(leaf).__name__ for leaf in leaves] == ['VOCDataset', 'CocoDataset', 'VOCDataset']
    assert [f'{leaf["data_root"]}/{leaf["ann_file"]}' for leaf in leaf_configs(config)] == [
        leaf.ann_file for leaf in leaves
    ]


def test_unknown_wrapper_is_refused():
    with pytest.raises(UserError, match='int is neither'):
        leaf_datasets(3)


def test_a_name_of_several_lines_is_refused_before_anything_is_extracted(coco_root, tmp_path):
    root = shutil.copytree(coco_root, tmp_path / 'coco')
    file = root / coco_leaf(root)['ann_file']
    file.write_text(file.read_text().replace('0003.jpg', '00\\n03.jpg'))
    leaf = DATASETS.build(coco_leaf(root))
    with pytest.raises(UserError, match=r"'train/00\\n03\.jpg' has a name of several lines"):
        image_ids(leaf, common_root([leaf]))
