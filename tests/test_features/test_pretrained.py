"""Reading a backbone before there is a detector."""

import logging

import pytest
import torch
from mmengine.logging import MMLogger

from mmcsod.features.detector import build_tap
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError

from .conftest import build, small_config

URL = 'https://download.pytorch.org/models/resnet18-f37072fd.pth'


def backbone_weights(cfg):
    """ImageNet weights as their owners publish them: bare tensors, and a classifier that no backbone has."""
    state = build(cfg).backbone.state_dict()
    return {**{key: torch.randn_like(value.float()) for key, value in state.items()}, 'fc.weight': torch.zeros(1000, 8)}


@pytest.fixture
def named(coco_root):
    cfg = small_config(coco_root)
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint='torchvision://resnet18')
    return cfg


def test_weights_in_the_cache_are_read_off_the_backbone_alone(named, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    (tmp_path / 'checkpoints').mkdir()
    weights = backbone_weights(named)
    torch.save(weights, tmp_path / 'checkpoints' / 'resnet18-f37072fd.pth')
    tap = build_tap(named, None, 'cpu')
    for key, value in tap.detector.backbone.state_dict().items():
        assert torch.equal(value.float(), weights[key]) or key.endswith('num_batches_tracked')
    assert tap.description.startswith('backbone maps of strides 4, 8, 16, 32')
    assert {key.partition('.')[0] for key in tap.tensors} == {'backbone'}


def test_weights_from_a_file_with_a_prefix_and_without_a_word_on_each_tensor(named, tmp_path, monkeypatch):
    weights = backbone_weights(named)
    torch.save({'state_dict': {f'backbone.{key}': value for key, value in weights.items()}}, tmp_path / 'own.pth')
    named.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'own.pth'), prefix='backbone.')
    told = []
    log = MMLogger.get_current_instance()
    monkeypatch.setattr(log, 'handle', told.append)
    tap = build_tap(named, None, 'cpu')
    assert torch.equal(tap.detector.backbone.conv1.weight, weights['conv1.weight'])
    assert not [record for record in told if 'PretrainedInit' in record.getMessage()]
    assert log.isEnabledFor(logging.INFO)


def test_weights_that_cannot_be_had_are_one_sentence(named, tmp_path, monkeypatch):
    def refuse(url, path, progress):
        raise OSError('no network here')

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, 'download_url_to_file', refuse)
    with pytest.raises(UserError, match=rf'{URL} cannot be fetched \(no network here\); put the file at .*{tmp_path}'):
        build_tap(named, None, 'cpu')


@pytest.mark.parametrize(
    ('checkpoint', 'message'),
    [('torchvision://resnet9000', 'not known to MMEngine'), ('none.pth', 'no checkpoint none.pth')],
)
def test_weights_that_are_nowhere_are_one_sentence(checkpoint, message, named):
    named.model.backbone.init_cfg.checkpoint = checkpoint
    with pytest.raises(UserError, match=message):
        build_tap(named, None, 'cpu')


def test_weights_of_another_backbone_are_refused(named, tmp_path):
    torch.save({'features.0.weight': torch.zeros(3)}, tmp_path / 'other.pth')
    named.model.backbone.init_cfg.checkpoint = str(tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r'of another backbone: they have 0 of the \d+ tensors of ResNet'):
        build_tap(named, None, 'cpu')


def test_a_backbone_that_names_no_weights_is_told():
    cfg = load_config('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py')
    with pytest.raises(UserError, match='CSPDarknet names no weights'):
        build_tap(cfg, None, 'cpu')
