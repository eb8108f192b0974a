import types

import pytest
import torch

from mmcsod.hooks.stop_on_nan_hook import StopOnNaNHook
from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from mmcsod.training.retrain import train
from mmcsod.util.errors import UserError

RUNNER = types.SimpleNamespace(iter=41)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_the_guilty_part_is_named(value):
    outputs = {'loss': torch.tensor(value), 'loss_cls': torch.tensor(1.0), 'loss_bbox': torch.tensor(value)}
    with pytest.raises(UserError, match=r'iteration 42: loss_bbox is not finite; lower the learning rate'):
        StopOnNaNHook().after_train_iter(RUNNER, 41, outputs=outputs)


def test_finite_losses_and_other_outputs_pass():
    outputs = {'loss': torch.tensor(1.0), 'grad_norm': torch.tensor(float('inf')), 'acc': torch.tensor(float('nan'))}
    StopOnNaNHook().after_train_iter(RUNNER, 0, outputs=outputs)
    StopOnNaNHook().after_train_iter(RUNNER, 0, outputs=None)


@pytest.mark.slow
def test_a_run_that_diverges_stops_and_leaves_no_checkpoint(tiny_config, coco_coreset, tmp_path):
    options = RetrainOptions(
        iters=30, seed=0, gentle=False, work_dir=str(tmp_path / 'run'), cfg_options={'optim_wrapper.optimizer.lr': 1e12}
    )
    with pytest.raises(UserError, match='Training diverged at iteration'):
        train(prepare(tiny_config, coco_coreset, options))
    assert not list((tmp_path / 'run').glob('*.pth'))
    assert not (tmp_path / 'run' / 'result.json').exists()
