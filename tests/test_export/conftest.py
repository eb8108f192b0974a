"""The datasets of tests/test_datasets, as training configs."""

import json
import shutil

import pytest
from mmengine.config import Config

from tests.test_datasets.conftest import (  # noqa: F401
    CLASSES,
    coco_coreset,
    coco_leaf,
    coco_root,
    mmdet_modules,
    voc_coreset,
    voc_leaf,
    voc_root,
)


def training_config(*leaves):
    """The training config of a dataset, or of several side by side."""
    dataset = leaves[0] if len(leaves) == 1 else {'type': 'ConcatDataset', 'datasets': list(leaves)}
    return Config({'train_dataloader': {'dataset': dataset}})


@pytest.fixture
def coco_config(coco_root):  # noqa: F811
    return training_config({'type': 'RepeatDataset', 'times': 3, 'dataset': coco_leaf(coco_root)})


@pytest.fixture
def voc_config(voc_root):  # noqa: F811
    return training_config(voc_leaf(voc_root, 'VOC2007'), voc_leaf(voc_root, 'VOC2012'))


@pytest.fixture
def crowdhuman_config(coco_root, tmp_path):  # noqa: F811
    """Two images in CrowdHuman's format, each with a person, a mask and a person to ignore."""
    root = tmp_path / 'CrowdHuman'
    shutil.copytree(coco_root / 'train', root / 'Images')
    objects = [
        ('person', [2, 3, 18, 20], {}),
        ('mask', [5, 5, 9, 9], {}),
        ('person', [10, 4, 12, 14], {'extra': {'ignore': 1}}),
    ]
    boxes = [{'tag': tag, 'fbox': box, 'hbox': box, 'vbox': box, **extra} for tag, box, extra in objects]
    entries = [json.dumps({'ID': name, 'gtboxes': boxes}) for name in ('0001', '0002')]
    (root / 'annotation_train.odgt').write_text('\n'.join(entries))
    (root / 'id_hw_train.json').write_text(json.dumps({'0001': [32, 48], '0002': [32, 48]}))
    leaf = {'type': 'CrowdHumanDataset', 'data_root': str(root), 'ann_file': 'annotation_train.odgt', 'pipeline': []}
    return training_config({**leaf, 'data_prefix': {'img': 'Images/'}})


def own_format(root, path, **image):
    """Write annotations of one image in MMDetection's own format, and return the dataset that reads them."""
    image = {'img_path': '0002.jpg', 'img_id': 1, 'width': 48, 'height': 32, **image}
    path.write_text(json.dumps({'metainfo': {'classes': CLASSES}, 'data_list': [image]}))
    leaf = {'type': 'BaseDetDataset', 'data_root': str(root), 'ann_file': str(path), 'pipeline': []}
    return {**leaf, 'data_prefix': {'img_path': 'train/'}, 'metainfo': {'classes': CLASSES}}
