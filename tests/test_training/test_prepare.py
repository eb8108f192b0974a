"""What becomes of a stock config before it is trained."""

from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope

from mmcsod.labels.template import WRITTEN
from mmcsod.records.coreset import Coreset
from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from mmcsod.training.retrain import write_config
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_text
from tests.test_datasets.conftest import COCO_PICKS, coco_leaf, make_coreset
from tests.test_training.conftest import PAPER

ROOT = Path(__file__).parents[2]


def test_stock_name_is_wrapped_and_nothing_else_changes(in_voc):
    ready = prepare(PAPER, in_voc, RetrainOptions())
    wrapped = ready.config.train_dataloader.dataset
    assert wrapped.type == 'CoresetDataset'
    assert wrapped.dataset.type == 'ConcatDataset'
    assert ready.difference == [
        '+ custom_hooks[0].interval = 1',
        "+ custom_hooks[0].type = 'CheckInvalidLossHook'",
        '+ custom_imports.allow_failed_imports = False',
        "+ custom_imports.imports = ['mmcsod']",
        "+ launcher = 'none'",
        f"+ train_dataloader.dataset inside CoresetDataset = coreset='{in_voc}'",
        "+ work_dir = 'work_dirs/faster-rcnn_r50-caffe-c4_ms-18k_voc0712_test-6-729beb'",
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
        assert write_config(ready) == Path('work_dirs/tiny_test-8-be8e55_seed3/tiny.py')
    assert [path.name for path in dumped.parent.iterdir()] == ['tiny.py']
    for options in (RetrainOptions(work_dir='full'), RetrainOptions(cfg_options={'work_dir': 'full/../full'})):
        with pytest.raises(UserError, match=r'would replace .*full/tiny\.py'):
            prepare(dumped, coco_coreset, options)


def test_a_run_of_labels_is_named_after_their_folder(tiny_config, coco_coreset, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text(tmp_path / 'mine' / 'config.py', f'{WRITTEN} labels\n{Config.fromfile(tiny_config).pretty_text}')
    ready = prepare(tmp_path / 'mine' / 'config.py', coco_coreset, RetrainOptions())
    assert Path(ready.config.work_dir).name.startswith('mine_test-8-')


def test_the_method_that_a_coreset_names_leads_to_no_other_folder(tiny_config, coco_coreset, tmp_path, monkeypatch):
    hostile = replace(Coreset.load(coco_coreset), method='../../../..')
    hostile.save(tmp_path / 'hostile.json')
    monkeypatch.chdir(tmp_path)
    folder = Path(prepare(tiny_config, tmp_path / 'hostile.json', RetrainOptions()).config.work_dir)
    assert folder.parent == Path('work_dirs')
    assert '/' not in folder.name


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
    write_text(tiny_config, tiny_config.read_text() + "load_from = 'full/epoch_7.pth'\n")
    assert prepare(tiny_config, coco_coreset, RetrainOptions()).config.load_from == 'full/epoch_7.pth'
    write_text(tiny_config, tiny_config.read_text() + 'resume = True\n')
    ready = prepare(tiny_config, coco_coreset, RetrainOptions())
    assert (ready.config.resume, ready.config.load_from) == (False, None)
    assert {'~ resume: True -> False', "~ load_from: 'full/epoch_7.pth' -> None"} <= set(ready.difference)
    ready = prepare(tiny_config, coco_coreset, RetrainOptions(resume='coreset/epoch_3.pth'))
    assert (ready.config.resume, ready.config.load_from) == (True, 'coreset/epoch_3.pth')


def test_the_extraction_hook_is_dropped_and_told(tiny_config, coco_coreset):
    write_text(
        tiny_config,
        tiny_config.read_text() + "custom_hooks = [dict(type='NumClassCheckHook'),"
        "dict(type='GTRoIFeatureHook', num_images=2, out_dir='elsewhere')]\n",
    )
    ready = prepare(tiny_config, coco_coreset, RetrainOptions())
    assert [hook.type for hook in ready.config.custom_hooks] == ['NumClassCheckHook', 'CheckInvalidLossHook']
    assert "- custom_hooks[1].out_dir = 'elsewhere'" in ready.difference
    full = prepare(tiny_config, None, RetrainOptions())
    kinds = [hook.type for hook in full.config.custom_hooks]
    assert kinds == ['NumClassCheckHook', 'GTRoIFeatureHook', 'CheckInvalidLossHook']


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
    ready = prepare(path, coco_coreset, RetrainOptions(iters=10, work_dir=tmp_path / 'run'))
    assert ready.plan.images == len(COCO_PICKS)
    assert ready.config.train_dataloader.sampler.type == 'InfiniteSampler'
    read_again = Config.fromfile(write_config(ready))
    kinds = [scheduler.type for scheduler in read_again.param_scheduler]
    assert kinds == ['mmengine.optim.LinearLR', 'mmengine.optim.MultiStepLR']
    checkpoint = {'type': 'mmengine.hooks.CheckpointHook', 'by_epoch': False, 'interval': 10}
    assert read_again.default_hooks.checkpoint == checkpoint
    with DefaultScope.overwrite_default_scope(read_again.default_scope or 'mmengine'):
        assert len(DATASETS.build(read_again.train_dataloader.dataset)) == len(COCO_PICKS)
    assert read_again.custom_imports.imports == ['mmcsod']


class TestErrors:
    def test_no_iterations(self):
        with pytest.raises(UserError, match='at least 1, not 0'):
            RetrainOptions(iters=0)

    def test_wrapped_twice(self, tiny_config, coco_coreset, tmp_path):
        ready = prepare(tiny_config, coco_coreset, RetrainOptions(work_dir=str(tmp_path / 'run')))
        with pytest.raises(UserError, match='in a CoresetDataset already'):
            prepare(write_config(ready), coco_coreset, RetrainOptions())

    def test_scaling_needs_a_base(self, tiny_config, coco_coreset):
        options = RetrainOptions(auto_scale_lr=True, cfg_options={'auto_scale_lr': None})
        with pytest.raises(UserError, match='base_batch_size'):
            prepare(tiny_config, coco_coreset, options)

    def test_source_without_images(self, coco_root, tiny_config, tmp_path):
        elsewhere = {'ann_file': 'coco/train.json', 'data_prefix': {'img': 'coco/../elsewhere/'}}
        leaves = [coco_leaf(coco_root), coco_leaf(coco_root.parent, indices=1, **elsewhere)]
        make_coreset([f'coco/{image}' for image in COCO_PICKS]).save(tmp_path / 'coreset.json')
        concat = {'_delete_': True, 'type': 'ConcatDataset', 'datasets': leaves}
        sampler = {'_delete_': True, 'type': 'MultiSourceSampler', 'batch_size': 4, 'source_ratio': [1, 1]}
        options = RetrainOptions(cfg_options={'train_dataloader': {'dataset': concat, 'sampler': sampler}})
        with pytest.raises(UserError, match='no image of dataset 1 of the ConcatDataset'):
            prepare(tiny_config, tmp_path / 'coreset.json', options)

    def test_prefix_of_the_full_set(self, tiny_config):
        with pytest.raises(UserError, match='--num-images'):
            prepare(tiny_config, None, RetrainOptions(num_images=5))
