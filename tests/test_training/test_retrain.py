"""Trainings, their results, and how they end."""

import json
import os
from collections import Counter
from dataclasses import replace

import pytest
import torch
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmcsod.features.checkpoint import load_state_dict
from mmcsod.records.coreset import Coreset
from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare
from mmcsod.training.retrain import retrain, train
from mmcsod.util.errors import UserError


@pytest.mark.slow
def test_training_writes_a_result_and_repeats_under_a_seed(tiny_config, coco_coreset, tmp_path):
    weights = []
    for name in ('one', 'two'):
        options = RetrainOptions(iters=6, seed=1, num_images=5, work_dir=tmp_path / name)
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
    options = RetrainOptions(iters=2, resume=str(tmp_path / 'evil.pth'), **work)
    with pytest.raises(UserError, match='A checkpoint that the config names cannot be loaded without unsafe'):
        train(prepare(tiny_config, coco_coreset, options))
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
def test_everything_is_read_once_and_the_end_says_what_matters(tiny_config, coco_coreset, tmp_path, counted, caplog):
    """The averaging hook is one that MMEngine refuses in a run without epochs; the coreset is cut, and one warns."""
    replace(Coreset.load(coco_coreset), nested=False).save(coco_coreset)
    counted.clear()
    caplog.set_level('INFO', 'mmcsod')
    run = tmp_path / 'run'
    board = {'visualizer.vis_backends.0.type': 'TensorboardVisBackend', 'visualizer.name': 'tensorboard'}
    options = {'custom_hooks': [{'type': 'EMAHook', 'begin_epoch': 6}], **board}
    metrics = retrain(tiny_config, coco_coreset, iters=2, num_images=5, work_dir=str(run), cfg_options=options)
    assert counted == {'load': 1, 'fromfile': 1, 'load_data_list': 2}  # one training set, one validation set
    said = [record.getMessage() for record in caplog.records if record.name == 'mmcsod']
    assert sum('are not what it selects for a budget of 5' in line for line in said) == 1
    written = Config.fromfile(run / 'tiny.py')
    assert written.train_dataloader.dataset.type == 'CoresetDataset'
    assert written.custom_hooks[0].begin_iter == 1
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


@pytest.mark.skipif(get_device() != 'cpu', reason='several processes may train on this device')
def test_several_processes_without_gpus_are_refused_before_anything_is_written(
    tiny_config, coco_coreset, tmp_path, monkeypatch
):
    monkeypatch.setenv('WORLD_SIZE', '2')
    monkeypatch.setenv('RANK', '0')
    options = dict(iters=1, work_dir=tmp_path / 'out', launcher='pytorch')
    with pytest.raises(UserError, match='with GPUs only; leave --launcher out'):
        retrain(tiny_config, coco_coreset, **options)
    assert not (tmp_path / 'out').exists()
    assert retrain(tiny_config, coco_coreset, dry_run=True, **options) == {}
