"""The datasets of tests/test_datasets, as training configs."""

import pytest
from mmengine.config import Config

from tests.test_datasets.conftest import (  # noqa: F401
    coco_coreset,
    coco_leaf,
    coco_root,
    mmdet_modules,
    voc_coreset,
    voc_leaf,
    voc_root,
)


@pytest.fixture
def coco_config(coco_root):  # noqa: F811
    return Config({'train_dataloader': {'dataset': {'type': 'RepeatDataset', 'times': 3,
                                                    'dataset': coco_leaf(coco_root)}}})


@pytest.fixture
def voc_config(voc_root):  # noqa: F811
    return Config({'train_dataloader': {'dataset': {'type': 'ConcatDataset', 'datasets': [
        voc_leaf(voc_root, 'VOC2007'), voc_leaf(voc_root, 'VOC2012')]}}})
