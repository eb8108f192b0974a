import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmcsod import UserError
from mmcsod.labels.template import BACKBONE_WEIGHTS
from mmcsod.util.weights import carried_file


def test_mmengine_reads_carried_weights_by_their_scheme(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    state = CheckpointLoader.load_checkpoint(BACKBONE_WEIGHTS, map_location='cpu')
    assert isinstance(state['conv1.conv.weight'], torch.Tensor)


def test_refuses_a_name_that_is_not_carried():
    with pytest.raises(UserError, match='carries no weights mmcsod://resnet50'):
        carried_file('mmcsod://resnet50.pth')
