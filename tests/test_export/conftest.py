"""The datasets of tests/test_datasets, as training configs."""

import json

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


def own_format(root, path, **image):
    """Write annotations of one image in MMDetection's own format, and return the dataset that reads them."""
    image = {'img_path': '0002.jpg', 'img_id': 1, 'width': 48, 'height': 32, **image}
    path.write_text(json.dumps({'metainfo': {'classes': CLASSES}, 'data_list': [image]}))
    leaf = {'type': 'BaseDetDataset', 'data_root': str(root), 'ann_file': str(path), 'pipeline': []}
    return {**leaf, 'data_prefix': {'img_path': 'train/'}, 'metainfo': {'classes': CLASSES}}
