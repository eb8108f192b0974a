"""The hook inside real runners, and under MMDetection's own train script."""

import json
from pathlib import Path

import mmdet
import numpy as np
import pytest
import torch
from mmdet.registry import HOOKS
from mmengine.runner import Runner

import mmcsod
from mmcsod import Coreset, FeatureBank, select_coreset
from mmcsod.features.detector import build_tap
from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.taps import attach_tap
from mmcsod.hooks import GTRoIFeatureHook
from mmcsod.report.leak import Leak, Leaks, write_leaks
from mmcsod.util.errors import UserError
from tests.test_features.conftest import small_config, write_coco
from tests.tool import run_script


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp('hook')
    write_coco(path, 8)
    return path


def training_config(root, work_dir, hook, loop, **extra):
    cfg = small_config(root, scale=(96, 64))
    mmcsod.register_all_modules()
    cfg.train_dataloader.update(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    cfg.test_dataloader.update(batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_evaluator = dict(type='CocoMetric', ann_file=f'{root}/train.json', metric='bbox')
    by_epoch = loop['type'] == 'EpochBasedTrainLoop'
    cfg.merge_from_dict(
        dict(
            default_scope='mmdet',
            work_dir=str(work_dir),
            train_cfg=None,
            param_scheduler=None,
            custom_hooks=[dict(type='GTRoIFeatureHook', num_workers=0, **hook), *extra.pop('hooks', [])],
            default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=by_epoch, interval=1)),
            optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
            **extra,
        )
    )
    cfg.train_cfg = loop
    return cfg


EPOCHS = dict(type='EpochBasedTrainLoop', max_epochs=1)
ITERATIONS = dict(type='IterBasedTrainLoop', max_iters=2)


@pytest.mark.parametrize('loop', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])
def test_training_leaves_a_bank_and_a_coreset(loop, root, tmp_path):
    cfg = training_config(root, tmp_path, dict(num_images=3), loop)
    runner = Runner.from_cfg(cfg)
    leaks = Leaks([Leak('a.jpg', 'b.jpg', True)], 1)
    write_leaks(tmp_path / 'coreset_leaks.csv', leaks)  # of an earlier coreset of that name
    runner.train()
    bank = FeatureBank.load(tmp_path / 'features')
    assert len(bank.images) == 8
    assert len(Coreset.load(tmp_path / 'coreset.json')) == 3
    assert (tmp_path / 'coreset.csv').read_text().count(',keep,') == 3
    assert not (tmp_path / 'coreset_leaks.csv').exists()
    last = (tmp_path / 'last_checkpoint').read_text()
    detector = build_tap(cfg, last, 'cpu')
    again = extract_features(detector, cfg, tmp_path / 'again', ExtractionOptions(num_workers=0))
    np.testing.assert_array_equal(again.vectors, bank.vectors)
    assert again.provenance['identity'] == bank.provenance['identity']


def test_averaged_weights_are_the_ones_read(root, tmp_path):
    cfg = training_config(root, tmp_path, {}, ITERATIONS, hooks=[dict(type='EMAHook', momentum=0.3)])
    runner = Runner.from_cfg(cfg)
    runner.train()
    bank = FeatureBank.load(tmp_path / 'features')
    # A checkpoint saved under EMAHook holds the averaged weights as its state_dict.
    averaged = build_tap(cfg, (tmp_path / 'last_checkpoint').read_text(), 'cpu')
    wanted = extract_features(averaged, cfg, tmp_path / 'averaged', ExtractionOptions(num_workers=0))
    np.testing.assert_array_equal(bank.vectors, wanted.vectors)
    raw = extract_features(attach_tap(runner.model), cfg, tmp_path / 'raw', ExtractionOptions(num_workers=0))
    assert not np.array_equal(bank.vectors, raw.vectors)


def test_a_test_run_extracts_too(root, tmp_path):
    cfg = training_config(root, tmp_path, dict(ratio=0.25, method='uniform', seed=3, tap='roi'), ITERATIONS)
    torch.manual_seed(0)
    runner = Runner.from_cfg(cfg)
    runner.test()
    bank = FeatureBank.load(tmp_path / 'features')
    assert bank.provenance['identity']['tap'] == 'roi'
    assert Coreset.load(tmp_path / 'coreset.json') == select_coreset(bank, ratio=0.25, method='uniform', seed=3)


def test_a_tap_that_the_detector_lacks_is_refused_before_training(root, tmp_path):
    cfg = training_config(root, tmp_path, {'tap': 'fc'}, ITERATIONS)
    cfg.model = mmcsod.util.config.load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py').model
    cfg.model.backbone.init_cfg = None
    with pytest.raises(UserError, match='no RoI head'):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.glob('*.pth'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'num_images': 5, 'method': 'cosd'}, "Unknown selection method 'cosd'"),
        ({'amp': 'float16'}, 'amp is float16; give one of fp16, bf16'),
        ({'num_image': 5}, r"GTRoIFeatureHook has no option 'num_image': did you mean num_images\?"),
        ({'num_images': 5, 'turns': 'often'}, 'turns'),
        ({'num_images': 5, 'ratio': 0.5}, '2 budgets were given'),
        ({'ratio': 0.5, 'uncertain': 'margin'}, 'name their file as predictions'),
    ],
)
def test_unfit_options_are_refused_when_the_config_is_read(options, message):
    with pytest.raises(UserError, match=message):
        GTRoIFeatureHook(**options)
    with pytest.raises(UserError, match=message):
        HOOKS.build(dict(type='GTRoIFeatureHook', **options))


def test_objectwise_selection_keeps_the_objects_by_itself():
    assert GTRoIFeatureHook(num_images=5, method='csod-objectwise').options.keep_objects
    assert GTRoIFeatureHook(num_images=5, keep_objects=True).options.keep_objects
    assert GTRoIFeatureHook(num_images=5).options.keep_objects is None


def test_without_a_budget_nothing_is_selected():
    assert GTRoIFeatureHook(method='uniform', group='clip').selection is None
    assert GTRoIFeatureHook(num_objects=9, group='clip').selection.num_objects == 9


def test_images_that_are_in_from_the_start_keep_their_labels_beside_predictions():
    assert GTRoIFeatureHook(2, predictions='p.json', include=['a.jpg']).options.labelled == ('a.jpg',)


def test_mmdets_own_train_script_needs_only_the_config(root, tmp_path):
    cfg = training_config(root, tmp_path / 'work', dict(num_images=4), ITERATIONS)
    cfg.custom_imports = dict(imports=['mmcsod'], allow_failed_imports=False)
    cfg.dump(tmp_path / 'config.py')
    script = Path(mmdet.__file__).parent / '.mim' / 'tools' / 'train.py'
    done = run_script(script, tmp_path / 'config.py', cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(Coreset.load(tmp_path / 'work' / 'coreset.json')) == 4
    assert 'Coreset of 4 images' in done.stdout + done.stderr


def test_wrong_class_names_are_refused_before_training(root, tmp_path):
    cfg = training_config(root, tmp_path, {}, ITERATIONS)
    cfg.train_dataloader.dataset.metainfo = dict(classes=('cat', 'dogg', 'bird'))
    with pytest.raises(UserError, match=r'names dogg \(there is dog\)'):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.glob('*.pth'))


def test_labels_that_could_not_be_selected_from_are_refused_before_training(tmp_path):
    write_coco(tmp_path, 4)
    labels = json.loads((tmp_path / 'train.json').read_text())
    labels['images'].append({**labels['images'][0], 'id': 99})  # MMDetection trains on it
    labels['annotations'].append({**labels['annotations'][0], 'id': 99, 'image_id': 99})
    (tmp_path / 'train.json').write_text(json.dumps(labels))
    cfg = training_config(tmp_path, tmp_path / 'work', {}, ITERATIONS)
    with pytest.raises(UserError, match='images listed more than once'):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.glob('work/*.pth'))
