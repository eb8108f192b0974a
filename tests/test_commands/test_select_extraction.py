"""``tools/select.py CONFIG CHECKPOINT`` as a user meets it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmcsod import Coreset, FeatureBank
from tests.test_features.conftest import _mmdet_scope, build, cfg, coco_root, detector, small_config, write_coco  # noqa: F401

PROJECT = Path(__file__).parents[2]


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


def select(*words):
    return subprocess.run([sys.executable, 'tools/select.py', *map(str, words)], cwd=PROJECT, text=True,
                          capture_output=True, env=os.environ | {'PYTHONPATH': str(PROJECT)}, check=False)


def refused(done, *parts):
    assert done.returncode == 2, done.stderr
    assert 'Traceback' not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ')
    assert all(part in last for part in parts), last


def test_an_unreadable_image_is_named_and_the_status_says_so(files, tmp_path):
    done = select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path,
                  '--num-workers', 0)
    assert done.returncode == 1, done.stderr
    assert 'images/005.png could not be read' in done.stdout
    assert 'Resize(keep_ratio=True, scale=' in done.stdout
    coreset = Coreset.load(tmp_path / 'coreset.json')
    assert len(coreset) == 3
    assert coreset.provenance['config'] == str(files / 'config.py')
    assert 'images/005.png' not in FeatureBank.load(tmp_path / 'features').image_ids
    strict = select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path / 'strict',
                    '--num-workers', 0, '--strict')
    refused(strict, '005.png', '--strict')


def test_bad_input_is_told_in_one_sentence(files, tmp_path):
    refused(select(files / 'none.py', files / 'model.pth', '--num-images', 3), 'There is no config', 'none.py')
    refused(select(files / 'config.py', files / 'none.pth', '--num-images', 3), 'There is no checkpoint', 'none.pth')
    refused(select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--launcher', 'pytorch'),
            '--launcher pytorch was given but WORLD_SIZE is not set')
    (tmp_path / 'empty.py').write_text('')
    refused(select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--pipeline', tmp_path / 'empty.py'),
            'empty.py has no list `pipeline`')
    refused(select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path,
                   '--cfg-options', 'train_dataloader.dataset.ann_file=none.json'), 'none.json', 'cannot be read')
    refused(select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path,
                   '--method', 'best'), "no selection method 'best'")
    assert not list(tmp_path.glob('features*'))


def test_a_pipeline_of_ones_own(files, tmp_path):
    (tmp_path / 'own.py').write_text(
        "pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),\n"
        "            dict(type='Resize', scale=(96, 64), keep_ratio=True), dict(type='PackDetInputs')]\n")
    done = select(files / 'config.py', files / 'model.pth', '--num-images', 3, '--work-dir', tmp_path,
                  '--num-workers', 0, '--pipeline', tmp_path / 'own.py')
    assert 'Resize(scale=(96, 64), keep_ratio=True)' in done.stdout
