"""Backbones of other packages. Neither need be installed: a stand-in shows how they are called."""

import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmcsod.features.detector import build_tap
from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.other_backbones import Stages, other_backbone
from mmcsod.util.errors import UserError


def step(width, out, stride=2):
    return nn.Sequential(nn.Conv2d(width, out, 3, stride, 1), nn.ReLU())


class Classifier(nn.Module):
    """Laid out as torchvision's classifiers are: a sequence of stages, pooling, a linear layer."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(step(3, 4), step(4, 6), step(6, 6, 1), step(6, 8))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 5)

    def forward(self, images):
        return self.fc(self.avgpool(self.features(images)).flatten(1))


def test_the_last_map_of_each_stride_is_kept():
    model = Classifier().eval()
    images = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        maps = Stages(model)(images)
        assert [tuple(level.shape[1:]) for level in maps] == [(6, 16, 24), (8, 8, 12)]
        torch.testing.assert_close(maps[0], model.features[:3](images))
        torch.testing.assert_close(maps[1], model.features(images))


@pytest.fixture
def torchvision(monkeypatch):
    """A stand-in for torchvision, for how it is called and nothing else."""
    calls = []

    def get_model(name, weights):
        calls.append((name, weights))
        torch.manual_seed(3)
        return Classifier()

    monkeypatch.setitem(sys.modules, 'torchvision', SimpleNamespace())
    monkeypatch.setitem(sys.modules, 'torchvision.models', SimpleNamespace(get_model=get_model))
    return calls


def test_a_bank_comes_of_it_without_a_detector(torchvision, cfg, tmp_path):
    cfg.train_dataloader.dataset.indices = 2
    tap = build_tap(cfg, None, 'cpu', backbone='torchvision:small')
    assert torchvision == [('small', 'DEFAULT')]
    assert tap.description.startswith('backbone maps of strides 4, 8')
    bank = extract_features(tap, cfg, tmp_path / 'features', ExtractionOptions(num_workers=0))
    assert bank.vectors.shape[1] == 14


def test_weights_from_a_file_are_those_read(torchvision, tmp_path):
    state = {key: torch.full_like(value, 0.5) for key, value in Classifier().state_dict().items()}
    torch.save(state, tmp_path / 'own.pth')
    model = other_backbone('torchvision:small', tmp_path / 'own.pth')
    assert torchvision == [('small', None)]
    assert all((weights == 0.5).all() for weights in model.parameters())
    torch.save({'fc.bias': state['fc.bias']}, tmp_path / 'half.pth')
    with pytest.raises(UserError, match='of another model: 9 of its 10 tensors are not there'):
        other_backbone('torchvision:small', tmp_path / 'half.pth')


def test_what_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(UserError, match='--backbone needs timm, which cannot be imported here'):
        other_backbone('timm:resnet18')
    for name in ('resnet18', 'timm:', 'keras:resnet18'):
        with pytest.raises(UserError, match='is no backbone; write timm:NAME or torchvision:NAME'):
            other_backbone(name)
    monkeypatch.setitem(sys.modules, 'timm', SimpleNamespace())
    with pytest.raises(UserError, match=r'timm:none cannot be built \(AttributeError: .*create_model'):
        other_backbone('timm:none')


class PatchesOf14(nn.Module):
    """Laid out as timm's transformers are: maps of one stride, channels last, of images that the patches divide."""

    output_fmt = 'NHWC'
    feature_info = SimpleNamespace(reduction=lambda: [14, 14])

    def __init__(self):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, 6, 14, 14)

    def forward(self, images):
        assert images.shape[-1] % 14 == images.shape[-2] % 14 == 0
        tokens = self.patch_embed(images).permute(0, 2, 3, 1)
        return [tokens, tokens + 1]


def test_a_transformer_is_read_at_any_image_size(monkeypatch, cfg, tmp_path):
    asked = []

    def create_model(name, **options):
        asked.append(options)
        return PatchesOf14()

    monkeypatch.setitem(sys.modules, 'timm', SimpleNamespace(create_model=create_model))
    tap = build_tap(cfg, None, 'cpu', backbone='timm:vit')
    assert asked == [{'pretrained': True, 'features_only': True, 'dynamic_img_size': True}]
    assert tap.description.startswith('backbone maps of strides 14 ->')
    cfg.train_dataloader.dataset.indices = 2
    bank = extract_features(tap, cfg, tmp_path / 'features', ExtractionOptions(num_workers=0))
    assert bank.vectors.shape[1] == 6
