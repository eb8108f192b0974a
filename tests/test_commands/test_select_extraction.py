"""``tools/select.py CONFIG CHECKPOINT`` as a user meets it."""

import json

import pytest
import torch
from mmdet.datasets import CocoDataset

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


@pytest.fixture
def select(files, tmp_path):
    """A way to select three images with that config and checkpoint, or those given."""

    def call(*words, config=files / 'config.py', checkpoint=(files / 'model.pth',), work_dir=tmp_path):
        words = ['--num-images', 3, '--work-dir', work_dir, '--num-workers', 0, *words]
        return run_tool('select', config, *checkpoint, *words)

    return call


def refused(done, *parts):
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('error: ')
    assert all(part in last for part in parts), last


def test_an_unreadable_image_is_named_and_the_status_says_so(select, files, tmp_path):
    changes = ('--allow-missing-classes', '--cfg-options', 'my_list=[1, 2]', 'my_word=a')
    done = select(*changes)
    assert done.returncode == 1, done.stderr
    retrain = f'Train on it: mmcsod retrain {files}/config.py {tmp_path}/coreset.json'
    assert f"{retrain} --allow-missing-classes --cfg-options 'my_list=[1, 2]' my_word=a" in done.stdout
    assert 'images/005.png could not be read' in done.stdout
    assert 'Resize(keep_ratio=True, scale=' in done.stdout
    coreset = Coreset.load(tmp_path / 'coreset.json')
    assert len(coreset) == 3
    assert coreset.provenance['config'] == str(files / 'config.py')
    assert 'images/005.png' not in FeatureBank.load(tmp_path / 'features').image_ids
    refused(select('--strict', work_dir=tmp_path / 'strict'), '005.png', '--strict')


def test_bad_input_is_told_in_one_sentence(select, tmp_path):
    refused(select(config='none.py'), 'There is no config', 'none.py')
    refused(select(checkpoint=('none.pth',)), 'There is no checkpoint', 'none.pth')
    for options in ((), ('--dry-run',)):
        refused(select('--launcher', 'pytorch', *options), '--launcher pytorch was given but RANK is not set')
    (tmp_path / 'empty.py').write_text('')
    refused(select('--pipeline', tmp_path / 'empty.py'), 'empty.py has no list `pipeline`')
    annotations = 'train_dataloader.dataset.ann_file=none.json'
    refused(select('--cfg-options', annotations), 'none.json', 'is not there')
    refused(select('--method', 'best'), "Unknown selection method 'best'")
    refused(select('--tap', 'nose'), "There is no tap 'nose'; choose one of auto, neck")
    refused(select('--uncertain', 'entropy'), 'uncertain is about the scores of predictions')
    refused(select('--backbone', 'resnet18', checkpoint=()), "'resnet18' is no backbone")
    assert not list(tmp_path.glob('features*'))


def test_a_dry_run_tells_sizes_once_and_writes_nothing(select, tmp_path, monkeypatch):
    loads, load = [], CocoDataset.load_data_list
    monkeypatch.setattr(CocoDataset, 'load_data_list', lambda dataset: loads.append(dataset) or load(dataset))
    done = select('--dry-run')
    assert len(loads) == 1
    assert done.returncode == 0, done.stderr
    assert '8 images, ' in done.stdout
    assert "tap 'fc'" in done.stdout
    refused(select('--dry-run', checkpoint=('none.pth',)), 'There is no checkpoint', 'none.pth')
    monkeypatch.setenv('RANK', '1')
    done = select('--dry-run', '--launcher', 'pytorch')
    assert (done.returncode, done.stdout) == (0, '')
    assert not list(tmp_path.iterdir())


def test_a_pipeline_of_ones_own(select, tmp_path):
    (tmp_path / 'own.py').write_text(
        "pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),\n"
        "            dict(type='Resize', scale=(96, 64), keep_ratio=True), dict(type='PackDetInputs')]\n"
    )
    assert 'Resize(scale=(96, 64), keep_ratio=True)' in select('--pipeline', tmp_path / 'own.py').stdout


def test_no_detector_and_predicted_boxes(select, files, tmp_path):
    """What needs no detector, from the command line to the coreset."""
    config = small_config(files / 'data')
    torch.save(build(config).backbone.state_dict(), tmp_path / 'backbone.pth')
    config.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'backbone.pth'))
    config.dump(tmp_path / 'config.py')
    boxes = [
        {'image_id': image, 'category_id': 1 + image % 3, 'bbox': [4, 5, 40, 50], 'score': 0.9} for image in range(4)
    ]
    (tmp_path / 'found.json').write_text(json.dumps(boxes))
    done = select('--predictions', tmp_path / 'found.json', config=tmp_path / 'config.py', checkpoint=())
    assert done.returncode == 1, done.stderr  # the unreadable image
    assert 'No detector: features are read off ResNet with the weights of' in done.stdout
    assert 'Train on it, once the new images are labelled: ' in done.stdout
    assert set(FeatureBank.load(tmp_path / 'features').image_ids) == {f'images/00{n}.png' for n in range(4)}
    done = select('--predictions', tmp_path / 'found.json', '--tap', 'roi', work_dir=tmp_path / 'roi')
    assert done.returncode == 1, done.stderr
