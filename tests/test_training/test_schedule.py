from pathlib import Path

import mmdet
import pytest
import torch
from mmdet.registry import HOOKS, PARAM_SCHEDULERS
from mmengine.config import Config

from mmcsod.training.schedule import schedule_length, schedulers, set_iterations, warmup_end
from mmcsod.util.errors import UserError

STOCK = Path(mmdet.__file__).parent / '.mim' / 'configs'
PAPER = 'pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py'
COCO_1X = 'retinanet/retinanet_r50_fpn_1x_coco.py'


def stock(name):
    return Config.fromfile(STOCK / name)


def learning_rates(config, epoch_length):
    """The learning rate at each iteration, relative to the optimizer's, as MMEngine's runner steps schedulers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    built = []
    for settings in schedulers(config):
        converts = {'epoch_length': epoch_length} if settings.get('convert_to_iter_based') else {}
        built.append(PARAM_SCHEDULERS.build({**settings, **converts}, default_args={'optimizer': optimizer}))
    length = schedule_length(config)
    rates = []
    for iteration in range(length.count * epoch_length if length.by_epoch else length.count):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for scheduler in built:
            if not scheduler.by_epoch or (length.by_epoch and (iteration + 1) % epoch_length == 0):
                scheduler.step()
    return rates


@pytest.mark.parametrize(
    'name',
    [
        PAPER,
        COCO_1X,
        'faster_rcnn/faster-rcnn_r50_fpn_2x_coco.py',
        'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
        'pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py',
        'pascal_voc/ssd300_voc0712.py',
        'yolox/yolox_s_8xb8-300e_coco.py',
        'rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
        'detr/detr_r50_8xb2-150e_coco.py',
        'yolo/yolov3_d53_8xb8-320-273e_coco.py',
        'retinanet/retinanet_r50_fpn_90k_coco.py',
    ],
)
def test_the_shape_is_that_of_the_stock_schedule(name, iterations=120):
    config = stock(name)
    length = schedule_length(config)
    stock_rates = learning_rates(config, epoch_length=12000 // length.count if length.by_epoch else 1)
    set_iterations(config, iterations)
    rates = learning_rates(config, epoch_length=1)
    assert len(rates) == iterations
    assert config.train_cfg.max_iters == config.train_cfg.val_interval == iterations
    for share in (0.25, 0.5, 0.64, 0.7, 0.85, 0.93, 0.99):  # after any warm-up, beside any milestone
        expected, found = stock_rates[int(share * len(stock_rates))], rates[int(share * iterations)]
        assert found == pytest.approx(expected, rel=0.12, abs=0.01)
    assert warmup_end(config, 0) <= 0.1 * iterations


@pytest.mark.parametrize('name', [COCO_1X, 'yolox/yolox_s_8xb8-300e_coco.py', 'rtmdet/rtmdet_tiny_8xb32-300e_coco.py'])
@pytest.mark.parametrize('iterations', [5, 12, 40])
def test_a_warmup_ends_however_short_the_run(name, iterations):
    """Of a warm-up of one iteration, MMEngine's schedulers never take the last step."""
    config = stock(name)
    set_iterations(config, iterations)
    assert max(learning_rates(config, epoch_length=1)) > 0.8


def test_coco_schedule_counts_iterations_throughout():
    config = stock(COCO_1X)
    set_iterations(config, 120)
    warmup, steps = config.param_scheduler
    assert (warmup.end, steps.milestones, steps.end) == (12, [80, 110], 120)
    assert steps.by_epoch is warmup.by_epoch is False
    assert config.log_processor.by_epoch is config.default_hooks.checkpoint.by_epoch is False
    assert config.default_hooks.logger.interval == 12
    assert config.train_dataloader.sampler == {'type': 'InfiniteSampler', 'shuffle': True}
    assert config.train_dataloader.batch_sampler.type == 'AspectRatioBatchSampler'


def test_hooks_that_are_switched_off_stay_off():
    config = stock(COCO_1X)
    config.default_hooks.update(checkpoint=None, logger=None)
    set_iterations(config, 120)
    assert config.default_hooks.checkpoint is config.default_hooks.logger is None


def test_warmup_is_told_from_a_linear_schedule():
    warmup = {'type': 'LinearLR', 'start_factor': 0.1, 'by_epoch': False, 'begin': 0, 'end': 50}
    linear = {**warmup, 'start_factor': 1.0, 'end_factor': 0.1, 'end': 1000}
    loop = {'type': 'IterBasedTrainLoop', 'max_iters': 1000}
    assert warmup_end(Config({'train_cfg': loop, 'param_scheduler': [warmup, linear]}), 0) == 50
    assert not warmup_end(Config({'train_cfg': loop, 'param_scheduler': [linear]}), 1)


@pytest.mark.parametrize(
    ('loop', 'begin', 'expected'),
    [
        ({'type': 'EpochBasedTrainLoop', 'max_epochs': 12}, {'begin_epoch': 3}, 30),
        ({'type': 'EpochBasedTrainLoop', 'max_epochs': 12}, {'begin_iter': 4000}, 12),
        ({'type': 'IterBasedTrainLoop', 'max_iters': 1000}, {'begin_iter': 500}, 60),
        ({'type': 'EpochBasedTrainLoop', 'max_epochs': 12}, {}, 0),
    ],
)
def test_averaging_begins_at_its_share_of_the_run(loop, begin, expected):
    config = Config(
        {
            'train_cfg': loop,
            'train_dataloader': {},
            'custom_hooks': [{'type': 'NumClassCheckHook'}, {'type': 'EMAHook', 'momentum': 0.1, **begin}],
        }
    )
    set_iterations(config, 120)
    assert config.custom_hooks[0] == {'type': 'NumClassCheckHook'}
    hook = HOOKS.build(config.custom_hooks[1])
    assert (hook.begin_iter, hook.enabled_by_epoch) == (expected, False)


class TestErrors:
    def test_no_training_loop(self):
        with pytest.raises(UserError, match='max_epochs or max_iters'):
            set_iterations(Config({'train_dataloader': {}}), 10)

    def test_several_optimizers(self):
        config = Config({'train_cfg': {'max_iters': 10}, 'param_scheduler': {'generator': [], 'discriminator': []}})
        with pytest.raises(UserError, match='several optimizers'):
            set_iterations(config, 5)
