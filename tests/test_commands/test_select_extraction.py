"""``tools/select.py CONFIG CHECKPOINT`` as a user meets it."""

import json
from functools import partial

import pytest
import torch

from mmcsod import Coreset, FeatureBank
from tests.test_features.conftest import _mmdet_scope, build, cfg, coco_root, detector, small_config, write_coco  # noqa: F401
from tests.tool import run_tool


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """A data set with one unreadable image, a config and a checkpoint."""
    folder = tmp_path_factory.mktemp('cli')
    write_coco(folder / 'data', 8)
    (folder / 'data' / 'images' / '005.png').write_bytes(b'no image')
    config = small_config(folder / 'data')
    torch.save({'state_dict': build(config).state_dict()}, folder / 'model.pth')
    config.dump(folder / 'config.py')
    return folder


select = partial(run_tool, 'select')


def refused(done, *parts):
    assert done.returncode == 2, done.stderr
    assert 'Traceback' not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ')
    assert all(part in last for part in parts), last


def test_an_unreadable_image_is_named_and_the_status_says_so(files, tmp_path):
    done = select(
        files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path, '--num-workers', 0
    )
    assert done.returncode == 1, done.stderr
    assert 'images/005.png could not be read' in done.stdout
    assert 'Resize(keep_ratio=True, scale=' in done.stdout
    coreset = Coreset.load(tmp_path / 'coreset.json')
    assert len(coreset) == 3
    assert coreset.provenance['config'] == str(files / 'config.py')
    assert 'images/005.png' not in FeatureBank.load(tmp_path / 'features').image_ids
    strict = select(
        files / 'config.py',
        files / 'model.pth',
        '--num-images',
        3,
        '--work-dir',
        tmp_path / 'strict',
        '--num-workers',
        0,
        '--strict',
    )
    refused(strict, '005.png', '--strict')


def test_bad_input_is_told_in_one_sentence(files, tmp_path):
    refused(select(files / 'none.py', files / 'model.pth', '--num-images', 3), 'There is no config', 'none.py')
    refused(select(files / 'config.py', files / 'none.pth', '--num-images', 3), 'There is no checkpoint', 'none.pth')
    refused(
        select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--launcher', 'pytorch'),
        '--launcher pytorch was given but WORLD_SIZE is not set',
    )
    (tmp_path / 'empty.py').write_text('')
    refused(
        select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--pipeline', tmp_path / 'empty.py'),
        'empty.py has no list `pipeline`',
    )
    refused(
        select(
            files / 'config.py',
            files / 'model.pth',
            '--num-images',
            3,
            '--work-dir',
            tmp_path,
            '--cfg-options',
            'train_dataloader.dataset.ann_file=none.json',
        ),
        'none.json',
        'is not there',
    )
    refused(
        select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path, '--method', 'best'),
        "Unknown selection method 'best'",
    )
    assert not list(tmp_path.glob('features*'))


def test_a_pipeline_of_ones_own(files, tmp_path):
    (tmp_path / 'own.py').write_text(
        "pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),\n"
        "            dict(type='Resize', scale=(96, 64), keep_ratio=True), dict(type='PackDetInputs')]\n"
    )
    done = select(
        files / 'config.py',
        files / 'model.pth',
        '--num-images',
        3,
        '--work-dir',
        tmp_path,
        '--num-workers',
        0,
        '--pipeline',
        tmp_path / 'own.py',
    )
    assert 'Resize(scale=(96, 64), keep_ratio=True)' in done.stdout


def test_no_detector_and_predicted_boxes(files, tmp_path):
    """What needs no detector, from the command line to the coreset."""
    config = small_config(files / 'data')
    torch.save(build(config).backbone.state_dict(), tmp_path / 'backbone.pth')
    config.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'backbone.pth'))
    config.dump(tmp_path / 'config.py')
    boxes = [
        {'image_id': image, 'category_id': 1 + image % 3, 'bbox': [4, 5, 40, 50], 'score': 0.9} for image in range(4)
    ]
    (tmp_path / 'found.json').write_text(json.dumps(boxes))
    one, two = (tmp_path / name for name in 'ab')
    done = select(
        tmp_path / 'config.py',
        '--num-images',
        2,
        '--work-dir',
        one,
        '--num-workers',
        0,
        '--predictions',
        tmp_path / 'found.json',
    )
    assert done.returncode == 1, done.stderr  # the unreadable image
    assert 'No detector: features are read off ResNet with the weights of' in done.stdout
    assert set(FeatureBank.load(one / 'features').image_ids) == {f'images/00{n}.png' for n in range(4)}
    done = select(
        files / 'config.py',
        files / 'model.pth',
        '--num-images',
        2,
        '--work-dir',
        two,
        '--num-workers',
        0,
        '--predictions',
        tmp_path / 'found.json',
        '--tap',
        'roi',
    )
    assert done.returncode == 1, done.stderr
    refused(select(tmp_path / 'config.py', '--num-images', 2, '--backbone', 'resnet18'), "'resnet18' is no backbone")
    refused(
        select(
            files / 'config.py', files / 'model.pth', '--num-images', 2, '--tap', 'nose', '--work-dir', tmp_path / 'c'
        ),
        "There is no tap 'nose'; choose one of auto, neck",
    )
