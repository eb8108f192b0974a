"""What keeps one-stage detectors from diverging."""

import pytest

from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from tests.test_training.conftest import PAPER


def test_gentle_settings_of_one_stage_detectors(tiny_config, coco_coreset):
    gentle = prepare(tiny_config, coco_coreset, RetrainOptions(iters=100))
    assert gentle.config.optim_wrapper.clip_grad == {'max_norm': 35, 'norm_type': 2}
    assert gentle.config.auto_scale_lr.enable
    assert gentle.plan.warmup == 20
    assert gentle.plan.lr == pytest.approx(0.02 * 4 / 16)
    stock = prepare(tiny_config, coco_coreset, RetrainOptions(iters=100, gentle=False))
    assert 'clip_grad' not in stock.config.optim_wrapper
    assert (stock.plan.warmup, stock.plan.lr, stock.config.auto_scale_lr.enable) == (10, 0.02, False)


def test_gentle_keeps_what_the_config_has(tiny_config, coco_coreset):
    options = RetrainOptions(iters=100, cfg_options={'optim_wrapper.clip_grad.max_norm': 1.0})
    assert prepare(tiny_config, coco_coreset, options).config.optim_wrapper.clip_grad == {'max_norm': 1.0}


def test_gentle_adds_a_warmup_where_there_is_none(tiny_config, coco_coreset):
    options = RetrainOptions(
        cfg_options={'param_scheduler': [{'type': 'MultiStepLR', 'by_epoch': True, 'milestones': [8, 11]}]}
    )
    ready = prepare(tiny_config, coco_coreset, options)
    assert ready.config.param_scheduler[0].type == 'LinearLR'
    assert (ready.plan.iterations, ready.plan.warmup) == (24, 4)


def test_two_stage_detectors_are_gentle_on_request_only(in_voc):
    assert 'clip_grad' not in prepare(PAPER, in_voc, RetrainOptions(iters=100)).config.optim_wrapper
    assert 'clip_grad' in prepare(PAPER, in_voc, RetrainOptions(iters=100, gentle=True)).config.optim_wrapper
