"""``mmcsod check --pixels``: what cannot be read, and what one set shows of another."""

import json
import shutil

import pytest

from mmcsod.report.sets import compare_sets
from mmcsod.util.config import load_config
from tests.test_datasets.conftest import coco_root  # noqa: F401
from tests.test_training.conftest import tiny_config  # noqa: F401


@pytest.fixture
def config(coco_root, tiny_config, tmp_path):  # noqa: F811
    """Twenty images to train on; the first four, renamed, to validate and to test on."""
    content = json.loads((coco_root / 'train.json').read_text())
    content['images'] = content['images'][:4]
    for image in content['images']:
        shutil.copy(coco_root / 'train' / image['file_name'], tmp_path / f'v{image["file_name"]}')
        image['file_name'] = f'v{image["file_name"]}'
    content['annotations'] = []  # copies are found without labels
    (tmp_path / 'val.json').write_text(json.dumps(content))
    config = load_config(str(tiny_config))
    for loader in (config.val_dataloader, config.test_dataloader):
        loader.dataset.update(data_root=str(tmp_path), ann_file='val.json', data_prefix={'img': ''})
    return config


def test_images_of_two_sets_are_paired_and_unreadable_ones_named(config, tmp_path):
    (tmp_path / 'v0002.jpg').write_bytes(b'no image')
    unreadable, shown = compare_sets(config)
    assert unreadable[0] == 'val, test'
    assert (unreadable[1].kind, unreadable[1].examples) == ('unreadable image', (f'{tmp_path}/v0002.jpg',))
    assert shown[0] == 'val, test, compared with train'
    assert (shown[1].kind, shown[1].file, shown[1].count) == ('shown in both', '4 images', 3)
    assert shown[1].examples[0].startswith(f'{tmp_path}/v0000.jpg shows ')
    assert shown[1].examples[0].endswith('train/0000.jpg')


def test_one_set_is_not_compared_with_itself(config):
    config.val_dataloader = config.test_dataloader = config.train_dataloader
    assert compare_sets(config) == []
