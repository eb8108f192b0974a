"""What a plan counts, and what it warns of."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from mmcsod.util.errors import UserError
from tests.test_training.conftest import PAPER

ROOT = Path(__file__).parents[2]


def test_plan_of_the_papers_run(in_voc):
    plan = prepare(PAPER, in_voc, RetrainOptions(iters=1000, num_images=4)).plan
    assert (plan.images, plan.batch, plan.iterations, plan.warmup, plan.lr) == (4, 2, 1000, 100, 0.02)
    assert plan.epochs == 500
    assert '0.01 per image in a batch' in plan.table()
    assert any('meant for batches of 16 images and this run has 2' in warning for warning in plan.warnings())


@pytest.mark.parametrize('name', sorted(path.name for path in (ROOT / 'configs' / 'pascal_voc').glob('*.py')))
def test_own_voc_configs(name, in_voc):
    plan = prepare(ROOT / 'configs' / 'pascal_voc' / name, in_voc, RetrainOptions()).plan
    assert (plan.images, plan.batch, plan.iterations) == (6, 16, 1000)
    assert plan.lr == (0.02 if name.startswith('faster-rcnn') else 0.01)
    (warning,) = plan.warnings()
    assert warning.startswith(
        f'1,000 iterations show each image {"2,667" if "ms" in name else "889"} times; fewer may do (--iters'
    )


def test_a_schedule_that_makes_no_sense_is_told(tiny_config, coco_coreset):
    plan = prepare(tiny_config, coco_coreset, RetrainOptions()).plan
    assert (plan.iterations, plan.warmup) == (12 * 2, 500)
    assert plan.warnings()[0] == (
        'All 24 iterations lie inside the 500-iteration warm-up; pass --iters to fit the schedule to so few images.'
    )


@pytest.mark.parametrize('option', ['drop_last', 'batch_sampler.drop_last'])
def test_incomplete_batches_that_are_dropped_are_not_counted(option, tiny_config, coco_coreset):
    options = RetrainOptions(num_images=7, cfg_options={f'train_dataloader.{option}': True})
    assert prepare(tiny_config, coco_coreset, options).plan.iterations == 12
    with pytest.raises(UserError, match='3 samples do not fill one of 4; pass --iters'):
        prepare(tiny_config, coco_coreset, replace(options, num_images=3))
    assert prepare(tiny_config, coco_coreset, replace(options, num_images=3, iters=20)).plan.iterations == 20


def test_a_warmup_in_epochs_is_counted(tiny_config, coco_coreset):
    schedulers = [
        {'type': 'QuadraticWarmupLR', 'by_epoch': True, 'begin': 0, 'end': 5, 'convert_to_iter_based': True},
        {'type': 'CosineAnnealingLR', 'by_epoch': True, 'begin': 5, 'end': 12, 'T_max': 7},
    ]
    options = RetrainOptions(gentle=False, cfg_options={'param_scheduler': schedulers})
    plan = prepare(tiny_config, coco_coreset, options).plan
    assert (plan.iterations, plan.warmup) == (24, 10)


def test_hooks_that_count_epochs_are_told(tiny_config, coco_coreset):
    options = RetrainOptions(
        iters=50, cfg_options={'custom_hooks': [{'type': 'YOLOXModeSwitchHook', 'num_last_epochs': 15}]}
    )
    ready = prepare(tiny_config, coco_coreset, options)
    assert any('YOLOXModeSwitchHook counts epochs' in warning for warning in ready.plan.warnings())
    assert [hook.type for hook in ready.config.custom_hooks] == ['YOLOXModeSwitchHook', 'CheckInvalidLossHook']


@pytest.mark.parametrize('number', [1, 80])
def test_a_model_for_another_number_of_classes_is_refused(number, tiny_config, coco_coreset):
    options = RetrainOptions(iters=2, cfg_options={'model.bbox_head.num_classes': number})
    with pytest.raises(UserError, match=f"data have 3 classes and the model's box head {number}"):
        prepare(tiny_config, coco_coreset, options)
    options.cfg_options['model.language_model'] = {'type': 'BertModel'}
    assert prepare(tiny_config, coco_coreset, options).plan.iterations == 2
