"""Processes that share an experiment's folder; threads stand for them, whose locks are as exclusive."""

import shutil
import sys
import threading
import time

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS

import mmcsod
from mmcsod import FeatureBank, UserError
from mmcsod.experiments import runner
from mmcsod.experiments.results import read_results
from mmcsod.experiments.runner import ExperimentRunner
from mmcsod.experiments.spec import load_experiment
from mmcsod.experiments.table import render_table
from mmcsod.experiments.training_run import train_in_process
from mmcsod.util.config import load_config

EXPERIMENT = """
detectors = {'small': CONFIG}
selector = dict(detector='small', iters=3)
metric = 'coco/bbox_mAP_50'
iters = 2
grid = [dict(methods=['csod', 'uniform'], num_images=[2], seeds=2), dict(methods=['full-set'], iters=3)]
"""


@pytest.fixture
def trained(monkeypatch):
    """Stand in for training: weights depend on its length alone. Gives the names of the runs that were trained."""
    names = []
    mmcsod.register_all_modules()

    def train(folder, config, coreset, options, progress):
        names.append(folder.name)
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(options['iters'])
        torch.save(MODELS.build(load_config(config).model).state_dict(), folder / f'iter_{options["iters"]}.pth')
        time.sleep(0.05)
        return {'metrics': {'coco/bbox_mAP_50': 0.5}, 'images': 2, 'minutes': 0.1}

    monkeypatch.setattr(runner, 'train_in_process', train)
    return names


@pytest.fixture
def experiment_file(tmp_path, detector_config):
    path = tmp_path / 'trial.py'
    path.write_text(EXPERIMENT.replace('CONFIG', repr(str(detector_config))))
    return path


def test_each_run_is_done_once(tmp_path, experiment_file, trained):
    experiment = load_experiment(experiment_file)
    runners = [ExperimentRunner(experiment, tmp_path / 'work', tmp_path / 'results.jsonl') for _ in range(3)]
    threads = [threading.Thread(target=each.run) for each in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_results(tmp_path / 'results.jsonl', 'trial')) == set(experiment.runs)
    assert len((tmp_path / 'results.jsonl').read_text().splitlines()) == len(experiment.runs)
    selector = 'small_3i_full-set_seed0'  # trained for Stage 1; as a run, that training is found finished
    assert sorted(trained) == sorted([selector, *(run.name for run in experiment.runs)])


def test_a_run_that_fails_is_named_and_left_out(tmp_path, experiment_file, trained, monkeypatch):
    experiment = load_experiment(experiment_file)
    trials = ExperimentRunner(experiment, tmp_path / 'work', tmp_path / 'r.jsonl')
    assert trials.run((1, 5)) == []
    monkeypatch.setattr(runner, 'train_in_process', train_in_process)
    monkeypatch.setattr(sys, 'executable', '/bin/false')
    (failure,) = ExperimentRunner(experiment, tmp_path / 'work', tmp_path / 'r.jsonl').run((2, 5))
    assert f'{experiment.runs[1].name} failed with status 1' in failure
    assert list(read_results(tmp_path / 'r.jsonl', 'trial')) == [experiment.runs[0]]


def test_a_work_dir_that_is_a_file_is_one_sentence(tmp_path, experiment_file, trained):
    (tmp_path / 'work').write_text('a file')
    with pytest.raises(UserError, match=r'work is no folder that can be written to .*; name another --work-dir'):
        ExperimentRunner(load_experiment(experiment_file), tmp_path / 'work', tmp_path / 'results.jsonl').run()


def test_a_bank_of_another_selector_is_refused_and_replaced_on_request(tmp_path, experiment_file, trained):
    def run(overwrite=False, **overrides):
        """Do the runs of a shard once more."""
        (tmp_path / 'results.jsonl').unlink(missing_ok=True)
        experiment = load_experiment(experiment_file, overrides)
        return ExperimentRunner(experiment, tmp_path / 'work', tmp_path / 'results.jsonl', overwrite).run((1, 5))

    longer, faster = {'selector.iters': 9}, {'cfg_options': {'optim_wrapper.optimizer.lr': 9.0}}
    assert run() == run() == []
    with pytest.raises(UserError, match=r'features_auto was made with another selecting detector \(iters 3, now 9\)'):
        run(**longer)
    with pytest.raises(UserError, match=r'cfg_options \{\}, now'):
        run(**faster)
    before = FeatureBank.load(tmp_path / 'work/features_auto').vectors.copy()
    assert run(overwrite=True, **faster) == run(**faster) == []  # with the same weights
    np.testing.assert_array_equal(FeatureBank.load(tmp_path / 'work/features_auto').vectors, before)
    assert run(overwrite=True, **longer) == run(**longer) == []
    assert not np.array_equal(FeatureBank.load(tmp_path / 'work/features_auto').vectors, before)
    shutil.rmtree(tmp_path / 'work/features_auto')
    assert run() == []


def test_a_finished_bank_is_all_that_a_selector_needs(tmp_path, experiment_file, trained):
    bank = FeatureBank.from_arrays(np.eye(4), ['a', 'b', 'c', 'd'], [0, 0, 1, 1], ['x', 'y'])
    bank.save(tmp_path / 'features')
    selector = f'dict(bank={str(tmp_path / "features")!r})'
    experiment_file.write_text(experiment_file.read_text().replace("dict(detector='small', iters=3)", selector))
    experiment = load_experiment(experiment_file)
    assert ExperimentRunner(experiment, tmp_path / 'work', tmp_path / 'results.jsonl').run() == []
    results = read_results(tmp_path / 'results.jsonl', 'trial')
    assert set(results) == set(experiment.runs)
    assert sorted(trained) == sorted(run.name for run in experiment.runs)  # no selector among them
    assert 'Difference to uniform' in render_table(experiment, results)
    experiment_file.write_text(experiment_file.read_text().replace('seeds=2', "seeds=2, taps=['roi']"))
    with pytest.raises(UserError, match="was read at the tap 'None' and the experiment asks for 'roi'"):
        ExperimentRunner(load_experiment(experiment_file), tmp_path / 'work', tmp_path / 'other.jsonl').run()
