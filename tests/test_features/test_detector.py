"""Building the selector: devices that are not there, and a config of another kind of detector."""

import pytest
import torch

from mmcsod.features.detector import build_tap, find_device
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError

from .conftest import build


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('foo', "'foo' is no device that PyTorch knows; give cpu, cuda or cuda:N."),
        ('cuda:99', 'There is no device cuda:99: PyTorch finds'),
        ('cuda0', "'cuda0' is no device"),
    ],
)
def test_a_device_that_is_not_there_is_told_before_anything_else(name, message, cfg, tmp_path):
    with pytest.raises(UserError, match=message):
        build_tap(cfg, tmp_path / 'no checkpoint either.pth', name)


def test_the_devices_there_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    assert find_device(None) == find_device('cpu') == torch.device('cpu')


def test_a_tap_that_the_config_lacks_is_told_as_such_whatever_the_checkpoint(cfg, tmp_path):
    torch.save({'state_dict': build(cfg).state_dict()}, tmp_path / 'faster.pth')
    one_stage = load_config('mmdet::retinanet/retinanet_r50_fpn_1x_coco.py')
    one_stage.model.backbone.init_cfg = None
    with pytest.raises(UserError, match='RetinaNet has no RoI head'):
        build_tap(one_stage, tmp_path / 'faster.pth', 'cpu', 'fc')
