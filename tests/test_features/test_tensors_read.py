import pytest
import torch
from mmcv.ops import DeformConv2dPack
from torch import nn

from mmcsod.features.tensors_read import TensorsRead


class Branches(nn.Module):
    """Computes two results of one layer, and a third in place."""

    def __init__(self):
        super().__init__()
        self.stem, self.left, self.right = (nn.Conv2d(3, 3, 3, padding=1, bias=False) for _ in range(3))
        self.norm = nn.BatchNorm2d(3)
        self.scale = nn.Parameter(torch.ones(3, 1, 1))
        self.attention = nn.MultiheadAttention(3, 1, batch_first=True)
        self.deformable = DeformConv2dPack(3, 3, 3, padding=1)

    def forward(self, images):
        stem = self.norm(self.stem(images))
        changed = self.left(stem)
        changed[0, 0].add_(self.scale[0])
        tokens = stem.flatten(2).transpose(1, 2)
        return {
            'right': self.right(stem),
            'changed': [changed],
            'attention': self.attention(tokens, tokens, tokens)[0],
            'deformable': self.deformable(images),
        }


STEM = {'stem.weight', 'norm.weight', 'norm.bias', 'norm.running_mean', 'norm.running_var'}


@pytest.fixture(scope='module')
def read():
    model = Branches().eval()
    with torch.no_grad(), TensorsRead(model) as read:
        results = model(torch.rand(1, 3, 8, 8))
        return {name: read.of(result) for name, result in results.items()}


def test_a_result_depends_on_what_it_was_computed_from(read):
    assert read['right'] == STEM | {'right.weight'}
    assert read['changed'] == STEM | {'left.weight', 'scale'}


def test_tensors_that_functions_take_from_a_module_that_does_not_run_count(read):
    assert read['attention'] >= STEM | {'attention.in_proj_weight', 'attention.out_proj.weight'}


def test_operators_outside_pytorch_may_depend_on_everything_before(read):
    assert read['deformable'] >= STEM | {'deformable.weight', 'deformable.conv_offset.weight'}
