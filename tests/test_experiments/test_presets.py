from pathlib import Path

import pytest

from mmcsod.config import load_config
from mmcsod.experiments.spec import load_experiment

ROOT = Path(__file__).parents[2]
PRESETS = sorted(path.name for path in (ROOT / 'configs' / 'experiments').glob('*.py'))


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize('preset', PRESETS)
def test_every_preset_loads_and_names_configs_that_exist(preset):
    experiment = load_experiment(ROOT / 'configs' / 'experiments' / preset)
    assert experiment.runs
    for config in {*experiment.detectors.values(), experiment.selector.config}:
        load_config(config, experiment.cfg_options)


def test_table_1_is_the_papers():
    runs = load_experiment(ROOT / 'configs/experiments/voc_table1_figure5.py').runs
    csod = {run.num_images: run.lam for run in runs if run.method == 'csod'}
    assert csod == {20: 1e10, 100: 0.0125, 200: 0.04375, 500: 0.0625, 1000: 0.025}
    assert {run.seed for run in runs if run.method == 'herding'} == set(range(20))
    assert {run.iters for run in runs if run.num_images == 200} == {1000}


def test_presets_of_one_dataset_share_their_runs():
    table, figure = (set(load_experiment(ROOT / f'configs/experiments/voc_{name}.py').runs)
                     for name in ('table1_figure5', 'figure3'))
    assert {run.method for run in table & figure} == {'uniform', 'csod'}
