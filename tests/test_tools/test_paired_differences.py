"""Paired differences over several experiments."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'dev'))

from paired_differences import DEFAULT_METRIC, differences, holm, read_values, render_differences, render_values


def line(experiment, method, seed, value, lam=None):
    run = {'detector': 'd', 'method': method, 'num_images': 5, 'lam': lam, 'tap': 'auto', 'iters': 9, 'seed': seed}
    return json.dumps({'experiment': experiment, **run, 'metrics': {DEFAULT_METRIC: value}}) + '\n'


@pytest.fixture
def values(tmp_path):
    for experiment, seed, (csod, uniform) in (('a', 0, (0.3, 0.1)), ('a_1', 1, (0.4, 0.3)), ('b', 0, (None, 0.2))):
        text = line(experiment, 'csod', seed, csod, 0.5) + line(experiment, 'uniform', seed, uniform)
        (tmp_path / f'{experiment}.jsonl').write_text(text)
    return read_values(sorted(tmp_path.glob('*.jsonl')), DEFAULT_METRIC)


def test_runs_pair_up_by_dataset_budget_and_seed(values):
    assert differences(values, 'csod, lam 0.5', 'uniform') == pytest.approx({('a', 5, 0): 20, ('a', 5, 1): 10})
    assert '| uniform       | 20.0 (10.0, 30.0) | 20.0 (20.0)   |' in render_values(values)


def test_the_interval_is_students(values):
    # mean 15, standard error 5, and 12.706 is the 97.5 % quantile of t with one degree of freedom
    assert '+15.0, -48.5 to +78.5 (2)' in render_differences(values, 'uniform')


def test_holms_example():
    assert holm([0.01, 0.04, float('nan'), 0.03]) == pytest.approx([0.03, 0.06, float('nan'), 0.06], nan_ok=True)
