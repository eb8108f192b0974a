import json
import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS, DefaultScope
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmcsod.coreset import Coreset
from mmcsod.datasets.build import build_training_set
from mmcsod.errors import UserError
from mmcsod.features.checkpoint import load_state_dict
from mmcsod.fileio import write_json, write_text
from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from mmcsod.training.retrain import retrain, train, write_config
from tests.test_datasets.conftest import COCO_PICKS, VOC_PICKS, coco_leaf, make_coreset

ROOT = Path(__file__).parents[2]
PAPER = 'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py'


@pytest.fixture
def in_voc(voc_root, tmp_path, monkeypatch):
    """A working directory with data/VOCdevkit, as stock configs expect it, and a coreset of VOC's classes."""
    from mmdet.registry import DATASETS

    (tmp_path / 'data').mkdir()
    shutil.copytree(voc_root, tmp_path / 'data' / 'VOCdevkit')
    lists = tmp_path / 'data' / 'VOCdevkit' / 'VOC2007' / 'ImageSets' / 'Main'
    shutil.copy(lists / 'trainval.txt', lists / 'test.txt')
    make_coreset(VOC_PICKS, DATASETS.get('VOCDataset').METAINFO['classes']).save(tmp_path / 'coreset.json')
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'coreset.json'


def test_stock_name_is_wrapped_and_nothing_else_changes(in_voc):
    ready = prepare(PAPER, in_voc, RetrainOptions())
    wrapped = ready.config.train_dataloader.dataset
    assert wrapped.type == 'CoresetDataset'
    assert wrapped.dataset.type == 'ConcatDataset'
    assert ready.difference == [
        "+ custom_hooks[0].type = 'StopOnNaNHook'",
        '+ custom_imports.allow_failed_imports = False',
        "+ custom_imports.imports = ['mmcsod']",
        "+ launcher = 'none'",
        f"+ train_dataloader.dataset inside CoresetDataset = coreset='{in_voc}'",
        "+ work_dir = 'work_dirs/faster-rcnn_r50-caffe-c4_ms-18k_voc0712_test-6'",
    ]
    assert ready.config.val_dataloader == Config.fromfile(ready.config.filename).val_dataloader
    assert not Path('work_dirs').exists()


def test_the_work_dir_of_the_full_run_is_left_alone(tiny_config, coco_coreset, tmp_path, monkeypatch):
    """A config as MMDetection's tools/train.py dumps it, beside the checkpoints of the run."""
    dumped = tmp_path / 'full' / 'tiny.py'
    write_text(dumped, Config.fromfile(tiny_config).pretty_text + f'work_dir = {str(dumped.parent)!r}\n')
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        ready = prepare(dumped, coco_coreset, RetrainOptions(seed=3))
        assert write_config(ready) == Path('work_dirs/tiny_test-8_seed3/tiny.py')
    assert [path.name for path in dumped.parent.iterdir()] == ['tiny.py']
    for options in (RetrainOptions(work_dir='full'), RetrainOptions(cfg_options={'work_dir': 'full/../full'})):
        with pytest.raises(UserError, match=r'would replace .*full/tiny\.py'):
            prepare(dumped, coco_coreset, options)


def test_the_method_that_a_coreset_names_leads_to_no_other_folder(tiny_config, coco_coreset, tmp_path, monkeypatch):
    hostile = replace(Coreset.load(coco_coreset), method='../../../..')
    hostile.save(tmp_path / 'hostile.json')
    monkeypatch.chdir(tmp_path)
    folder = Path(prepare(tiny_config, tmp_path / 'hostile.json', RetrainOptions()).config.work_dir)
    assert folder.parent == Path('work_dirs')
    assert '/' not in folder.name


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
    assert plan.warnings() == [
        '1,000 iterations show each image '
        + ('889' if 'ms' not in name else '2,667')
        + ' times; pass --iters (the paper takes 1,000 iterations for 200 '
        'images).'
    ]


def test_own_bdd100k_config(tmp_path, monkeypatch):
    """The layout and the categories of the BDD100k toolkit's COCO files."""
    names = (
        'pedestrian',
        'rider',
        'car',
        'truck',
        'bus',
        'train',
        'motorcycle',
        'bicycle',
        'traffic light',
        'traffic sign',
    )
    content = {
        'images': [{'id': number, 'file_name': f'{number}.jpg', 'width': 1280, 'height': 720} for number in (1, 2, 3)],
        'annotations': [
            {'id': number, 'image_id': number, 'category_id': 10, 'bbox': [10, 10, 50, 50], 'area': 2500, 'iscrowd': 0}
            for number in (1, 2, 3)
        ],
        'categories': [{'id': index + 1, 'name': name} for index, name in enumerate(names)],
    }
    for part in ('train', 'val'):
        write_json(tmp_path / f'data/bdd100k/labels/det_20/det_{part}_cocofmt.json', content)
    make_coreset(['images/100k/train/3.jpg'], names).save(tmp_path / 'coreset.json')
    monkeypatch.chdir(tmp_path)
    (name,) = (ROOT / 'configs' / 'bdd100k').glob('*.py')
    ready = prepare(name, tmp_path / 'coreset.json', RetrainOptions())
    assert (ready.plan.images, ready.plan.iterations, ready.plan.lr) == (1, 1000, 0.02)
    assert build_training_set(ready.config).get_cat_ids(0) == [9]


def test_repeated_datasets_count_their_repetitions(in_voc):
    plan = prepare('mmdet::pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py', in_voc, RetrainOptions()).plan
    assert (plan.images, plan.samples, plan.iterations) == (6, 18, 4 * 9)


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


def test_a_warmup_in_epochs_is_counted(tiny_config, coco_coreset):
    options = RetrainOptions(
        gentle=False,
        cfg_options={
            'param_scheduler': [
                {'type': 'QuadraticWarmupLR', 'by_epoch': True, 'begin': 0, 'end': 5, 'convert_to_iter_based': True},
                {'type': 'CosineAnnealingLR', 'by_epoch': True, 'begin': 5, 'end': 12, 'T_max': 7},
            ]
        },
    )
    plan = prepare(tiny_config, coco_coreset, options).plan
    assert (plan.iterations, plan.warmup) == (24, 10)


def test_two_stage_detectors_are_gentle_on_request_only(in_voc):
    assert 'clip_grad' not in prepare(PAPER, in_voc, RetrainOptions(iters=100)).config.optim_wrapper
    assert 'clip_grad' in prepare(PAPER, in_voc, RetrainOptions(iters=100, gentle=True)).config.optim_wrapper


def test_mmdets_own_options(tiny_config, coco_coreset):
    options = RetrainOptions(
        amp=True,
        auto_scale_lr=True,
        resume='auto',
        seed=3,
        gentle=False,
        work_dir='somewhere',
        cfg_options={'optim_wrapper.optimizer.lr': 0.5},
    )
    config = prepare(tiny_config, coco_coreset, options).config
    assert (config.optim_wrapper.type, config.optim_wrapper.loss_scale) == ('AmpOptimWrapper', 'dynamic')
    assert config.auto_scale_lr.enable
    assert (config.resume, config.load_from, config.randomness.seed, config.work_dir) == (True, None, 3, 'somewhere')
    assert config.optim_wrapper.optimizer.lr == 0.5


def test_the_full_run_is_not_resumed(tiny_config, coco_coreset):
    write_text(tiny_config, tiny_config.read_text() + "resume, load_from = True, 'full/epoch_7.pth'\n")
    ready = prepare(tiny_config, coco_coreset, RetrainOptions())
    assert (ready.config.resume, ready.config.load_from) == (False, None)
    assert {'~ resume: True -> False', "~ load_from: 'full/epoch_7.pth' -> None"} <= set(ready.difference)
    ready = prepare(tiny_config, coco_coreset, RetrainOptions(resume='coreset/epoch_3.pth'))
    assert (ready.config.resume, ready.config.load_from) == (True, 'coreset/epoch_3.pth')


def test_weights_to_begin_with_are_kept(tiny_config, coco_coreset):
    write_text(tiny_config, tiny_config.read_text() + "load_from = 'coco.pth'\n")
    assert prepare(tiny_config, coco_coreset, RetrainOptions()).config.load_from == 'coco.pth'


def test_the_extraction_hook_is_dropped_and_told(tiny_config, coco_coreset):
    write_text(
        tiny_config,
        tiny_config.read_text() + "custom_hooks = [dict(type='NumClassCheckHook'),"
        "dict(type='GTRoIFeatureHook', num_images=2, out_dir='elsewhere')]\n",
    )
    ready = prepare(tiny_config, coco_coreset, RetrainOptions())
    assert [hook.type for hook in ready.config.custom_hooks] == ['NumClassCheckHook', 'StopOnNaNHook']
    assert "- custom_hooks[1].out_dir = 'elsewhere'" in ready.difference
    full = prepare(tiny_config, None, RetrainOptions())
    assert [hook.type for hook in full.config.custom_hooks] == [
        'NumClassCheckHook',
        'GTRoIFeatureHook',
        'StopOnNaNHook',
    ]


def test_hooks_that_count_epochs_are_told(tiny_config, coco_coreset):
    options = RetrainOptions(
        iters=50, cfg_options={'custom_hooks': [{'type': 'YOLOXModeSwitchHook', 'num_last_epochs': 15}]}
    )
    ready = prepare(tiny_config, coco_coreset, options)
    assert any('YOLOXModeSwitchHook counts epochs' in warning for warning in ready.plan.warnings())
    assert [hook.type for hook in ready.config.custom_hooks] == ['YOLOXModeSwitchHook', 'StopOnNaNHook']


def test_pure_python_configs(coco_root, coco_coreset, tiny_config, tmp_path):
    """MMEngine's new style: types are classes, and there is no custom_imports."""
    path = tmp_path / 'pure.py'
    leaf = repr(coco_leaf(coco_root)).replace("'CocoDataset'", 'CocoDataset')
    path.write_text(
        'from mmengine.config import read_base\nfrom mmdet.datasets import CocoDataset\n'
        'from mmdet.models import RetinaNet\nfrom mmengine.dataset import DefaultSampler\n'
        'from mmengine.hooks import CheckpointHook\nfrom mmengine.optim import LinearLR, MultiStepLR\n'
        'default_scope = None\n'
        'model = dict(type=RetinaNet)\ntrain_cfg = dict(by_epoch=True, max_epochs=12)\n'
        'default_hooks = dict(checkpoint=dict(type=CheckpointHook, interval=1))\n'
        'param_scheduler = [dict(type=LinearLR, by_epoch=False, begin=0, end=500, start_factor=0.1),'
        'dict(type=MultiStepLR, by_epoch=True, begin=0, end=12, milestones=[8, 11])]\n'
        f'train_dataloader = dict(batch_size=2, sampler=dict(type=DefaultSampler), dataset={leaf})\n'
    )
    ready = prepare(path, coco_coreset, RetrainOptions(iters=10, work_dir=str(tmp_path / 'run')))
    assert ready.plan.images == len(COCO_PICKS)
    assert ready.config.train_dataloader.sampler.type == 'InfiniteSampler'
    read_again = Config.fromfile(write_config(ready))
    assert [scheduler.type for scheduler in read_again.param_scheduler] == [
        'mmengine.optim.LinearLR',
        'mmengine.optim.MultiStepLR',
    ]
    assert read_again.default_hooks.checkpoint == {
        'type': 'mmengine.hooks.CheckpointHook',
        'by_epoch': False,
        'interval': 10,
    }
    with DefaultScope.overwrite_default_scope(read_again.default_scope or 'mmengine'):
        assert len(DATASETS.build(read_again.train_dataloader.dataset)) == len(COCO_PICKS)
    assert read_again.custom_imports.imports == ['mmcsod']


@pytest.mark.slow
def test_training_writes_a_result_and_repeats_under_a_seed(tiny_config, coco_coreset, tmp_path):
    weights = []
    for name in ('one', 'two'):
        options = RetrainOptions(iters=6, seed=1, num_images=5, work_dir=str(tmp_path / name))
        metrics = train(prepare(tiny_config, coco_coreset, options))
        result = json.loads((tmp_path / name / 'result.json').read_text())
        assert result['metrics'] == metrics
        assert 'coco/bbox_mAP_50' in metrics
        assert (result['images'], result['iterations'], result['seed']) == (5, 6, 1)
        weights.append(load_state_dict(tmp_path / name / 'iter_6.pth'))
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_run_goes_on_from_its_checkpoint_and_from_none_that_holds_code(tiny_config, coco_coreset, tmp_path):
    """MMEngine's own loader reads unsafely what it cannot read safely; its own checkpoints it must still read."""
    work = {'num_images': 5, 'seed': 1, 'work_dir': str(tmp_path / 'run')}
    train(prepare(tiny_config, coco_coreset, RetrainOptions(iters=2, **work)))
    train(prepare(tiny_config, coco_coreset, RetrainOptions(iters=3, resume='auto', **work)))
    assert (tmp_path / 'run' / 'iter_3.pth').exists()

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / 'ran'),)

    torch.save({'state_dict': {}, 'meta': Evil()}, tmp_path / 'evil.pth')
    for options in (
        {'resume': str(tmp_path / 'evil.pth')},
        {'cfg_options': {'load_from': str(tmp_path / 'evil.pth')}},
        {'cfg_options': {'model.backbone.init_cfg': {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'evil.pth')}}},
    ):
        with pytest.raises(UserError, match='A checkpoint that the config names cannot be loaded without unsafe'):
            train(prepare(tiny_config, coco_coreset, RetrainOptions(iters=2, **{**work, **options})))
    assert not (tmp_path / 'ran').exists()


@pytest.fixture
def counted(monkeypatch):
    """How often files are read and datasets are built."""
    counts = Counter()

    def count(owner, name):
        original = getattr(owner, name)

        def call(*args, **kwargs):
            counts[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    for owner, name in ((Coreset, 'load'), (Config, 'fromfile'), (CocoDataset, 'load_data_list')):
        count(owner, name)
    return counts


@pytest.mark.slow
def test_everything_is_read_once(tiny_config, coco_coreset, tmp_path, counted, caplog):
    """The averaging hook is one that MMEngine refuses in a run without epochs; the coreset is cut, and one warns."""
    replace(Coreset.load(coco_coreset), nested=False).save(coco_coreset)
    counted.clear()
    hook = {'type': 'EMAHook', 'begin_epoch': 6}
    metrics = retrain(
        tiny_config,
        coco_coreset,
        iters=2,
        num_images=5,
        work_dir=str(tmp_path / 'run'),
        cfg_options={'custom_hooks': [hook]},
    )
    assert 'coco/bbox_mAP_50' in metrics
    assert counted == {'load': 1, 'fromfile': 1, 'load_data_list': 2}  # one training set, one validation set
    said = [record.getMessage() for record in caplog.records if record.name == 'mmcsod']
    assert sum('are not what it picks for a budget of 5' in line for line in said) == 1
    written = Config.fromfile(tmp_path / 'run' / 'tiny.py')
    assert written.train_dataloader.dataset.type == 'CoresetDataset'
    assert written.custom_hooks[0].begin_iter == 1


@pytest.mark.slow
def test_the_end_says_what_matters(tiny_config, coco_coreset, tmp_path, caplog):
    caplog.set_level('INFO', 'mmcsod')
    run = tmp_path / 'run'
    metrics = retrain(
        tiny_config,
        coco_coreset,
        iters=2,
        work_dir=str(run),
        cfg_options={'visualizer.vis_backends.0.type': 'TensorboardVisBackend', 'visualizer.name': 'tensorboard'},
    )
    end = caplog.text.partition('The run has ended:')[2]
    assert f'coco/bbox_mAP_50 {metrics["coco/bbox_mAP_50"]:.3f}' in end
    assert f'checkpoint {run / "iter_2.pth"}' in end
    assert f'result {run / "result.json"}' in end
    assert json.loads((run / 'result.json').read_text())['checkpoint'] == str(run / 'iter_2.pth')
    events = EventAccumulator(str(next(run.glob('*/vis_data'))))
    events.Reload()
    assert len(events.Scalars('loss')) == 2
    assert events.Scalars('coco/bbox_mAP_50')[0].value == pytest.approx(metrics['coco/bbox_mAP_50'])


@HOOKS.register_module()
class Impatient(Hook):
    """A user who presses Ctrl-C after three iterations."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ('options', 'said'),
    [
        ({}, 'at iteration 2; no checkpoint had been written, so start again'),
        ({'default_hooks.checkpoint.interval': 1}, r'the last checkpoint is .*iter_2\.pth: go on with --resume'),
    ],
)
def test_an_interrupted_run_says_how_to_go_on(options, said, tiny_config, coco_coreset, tmp_path):
    options = RetrainOptions(
        iters=6, work_dir=str(tmp_path / 'run'), cfg_options={**options, 'custom_hooks': [{'type': 'Impatient'}]}
    )
    with pytest.raises(KeyboardInterrupt, match=said):
        train(prepare(tiny_config, coco_coreset, options))


def test_a_misspelt_option_is_one_sentence(tiny_config, coco_coreset):
    with pytest.raises(UserError, match=r"retrain has no option 'iter': did you mean iters\?"):
        retrain(tiny_config, coco_coreset, iter=5)


class TestErrors:
    def test_no_iterations(self):
        with pytest.raises(UserError, match='at least 1, not 0'):
            RetrainOptions(iters=0)

    def test_no_such_config(self, coco_coreset):
        with pytest.raises(UserError, match='There is no config'):
            prepare('mmdet::faster_rcnn/no-such.py', coco_coreset, RetrainOptions())

    def test_no_data(self, coco_coreset, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(UserError, match=r'training data cannot be read .*instances_train2017'):
            prepare('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py', coco_coreset, RetrainOptions())

    def test_damaged_annotations(self, tiny_config, coco_coreset, tmp_path):
        (tmp_path / 'damaged.json').write_text('{"images": [')
        options = RetrainOptions(cfg_options={'train_dataloader.dataset.ann_file': str(tmp_path / 'damaged.json')})
        with pytest.raises(UserError, match='training data cannot be read'):
            prepare(tiny_config, coco_coreset, options)

    def test_not_a_training_config(self, coco_coreset, tmp_path):
        (tmp_path / 'model.py').write_text('model = dict()\n')
        with pytest.raises(UserError, match=r'no train_dataloader\.dataset'):
            prepare(tmp_path / 'model.py', coco_coreset, RetrainOptions())

    def test_wrapped_twice(self, tiny_config, coco_coreset, tmp_path):
        ready = prepare(tiny_config, coco_coreset, RetrainOptions(work_dir=str(tmp_path / 'run')))
        with pytest.raises(UserError, match='in a CoresetDataset already'):
            prepare(write_config(ready), coco_coreset, RetrainOptions())

    def test_scaling_needs_a_base(self, tiny_config, coco_coreset):
        options = RetrainOptions(auto_scale_lr=True, cfg_options={'auto_scale_lr': None})
        with pytest.raises(UserError, match='base_batch_size'):
            prepare(tiny_config, coco_coreset, options)

    def test_source_without_images(self, coco_root, tiny_config, tmp_path):
        leaves = [
            coco_leaf(coco_root, data_prefix={'img': 'train/'}),
            coco_leaf(
                coco_root,
                indices=1,
                data_root=str(coco_root.parent),
                ann_file='coco/train.json',
                data_prefix={'img': 'coco/../elsewhere/'},
            ),
        ]
        make_coreset([f'coco/{image}' for image in COCO_PICKS]).save(tmp_path / 'coreset.json')
        options = RetrainOptions(
            cfg_options={
                'train_dataloader.dataset': {'_delete_': True, 'type': 'ConcatDataset', 'datasets': leaves},
                'train_dataloader.sampler': {
                    '_delete_': True,
                    'type': 'MultiSourceSampler',
                    'batch_size': 4,
                    'source_ratio': [1, 1],
                },
            }
        )
        with pytest.raises(UserError, match='no image of dataset 1 of the ConcatDataset'):
            prepare(tiny_config, tmp_path / 'coreset.json', options)

    def test_prefix_of_the_full_set(self, tiny_config):
        with pytest.raises(UserError, match='--num-images'):
            prepare(tiny_config, None, RetrainOptions(num_images=5))

    def test_longer_prefix_than_the_coreset(self, tiny_config, coco_coreset):
        with pytest.raises(UserError, match=f'has {len(Coreset.load(coco_coreset))}'):
            prepare(tiny_config, coco_coreset, RetrainOptions(num_images=50))
