import re
from pathlib import Path

import pytest

from mmcsod.experiments.spec import FULL_SET, load_experiment
from mmcsod.util.config import load_config

ROOT = Path(__file__).parents[2]
PRESETS = sorted(path.name for path in (ROOT / 'configs' / 'experiments').glob('*.py'))


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize('preset', PRESETS)
def test_every_preset_loads_and_names_configs_that_exist(preset):
    experiment = load_experiment(ROOT / 'configs' / 'experiments' / preset)
    assert experiment.runs
    for config in {*experiment.detectors.values(), experiment.selector.config} - {''}:  # a finished bank needs none
        load_config(config, experiment.cfg_options)


def test_table_1_is_the_papers():
    runs = load_experiment(ROOT / 'configs/experiments/voc_table1_figure5.py').runs
    csod = {run.num_images: run.lam for run in runs if run.method == 'csod'}
    assert csod == {20: 1e10, 100: 0.0125, 200: 0.04375, 500: 0.0625, 1000: 0.025}
    assert {run.seed for run in runs if run.method == 'herding'} == set(range(20))
    assert {run.iters for run in runs if run.num_images == 200} == {1000}


def of(preset, *names):
    """Return the runs of a preset, one seed of each, as tuples of what ``names`` says of them."""
    runs = load_experiment(ROOT / f'configs/experiments/{preset}.py').runs
    return {tuple(getattr(run, name) for name in names) for run in runs}


def of_csod_and_uniform(lam, *numbers):
    return {(method, number, each) for method, each in (('uniform', None), ('csod', lam)) for number in numbers}


@pytest.mark.parametrize(
    ('preset', 'runs'),
    [
        (
            'voc_figure3',
            {
                *((method, 200, None) for method in ('full', 'uniform', 'ratio', 'max')),
                *((f'count:{low}-1100', 200, None) for low in (700, 1000)),
                ('csod', 200, 0.04375),
            },
        ),
        (
            'voc_table2',  # the paper rounds: 0.038 and 0.013
            {
                ('uniform', 200, None),
                *(('csod', 200, lam) for lam in (1e10, 0.1, 0.05, 0.0375, 0.0125)),
                *(('csod-objectwise', 200, lam) for lam in (1e10, 0.125, 0.075, 0.051, 0.015)),
            },
        ),
        (
            'voc_table3',
            {(method, number, 1e10) for method in ('csod', 'csod-objectwise') for number in (20, 40, 60, 80, 100, 200)},
        ),
        ('bdd100k_table5', of_csod_and_uniform('coverage', 200, 500, 1000, 2000)),
        ('coco_table6', of_csod_and_uniform('coverage', 400, 800)),
        ('voc_table7', of_csod_and_uniform(0.0625, 500)),
    ],
)
def test_tables_and_figures_are_the_papers(preset, runs):
    assert of(preset, 'method', 'num_images', 'lam') == runs


def test_table_7_is_of_one_stage_detectors_and_figure_6_spans_the_papers_extremes():
    assert of('voc_table7', 'detector') == {('retinanet',), ('fcos',)}
    assert of('voc_figure6', 'num_images') == {(100,), (200,), (500,), (1000,)}
    lams = {lam for method, lam in of('voc_figure6', 'method', 'lam') if method == 'csod'}
    assert {1e-10, 0.0125, 0.025, 0.04375, 0.0625, 1e10} <= lams


@pytest.mark.parametrize('preset', [name for name in PRESETS if name.startswith('voc_')])
def test_voc_presets_follow_section_4_1(preset):
    experiment = load_experiment(ROOT / 'configs' / 'experiments' / preset)
    assert experiment.metric == 'pascal_voc/AP50'
    assert {run.seed for run in experiment.runs if run.method != FULL_SET} == set(range(20))
    for config in experiment.detectors.values():
        cfg = load_config(config, experiment.cfg_options)
        assert 'VOC2007/ImageSets/Main/test.txt' in str(cfg.test_dataloader)
        assert {f'VOC{year}/ImageSets/Main/trainval.txt' for year in (2007, 2012)} <= set(
            re.findall(r'VOC\d+/ImageSets/Main/\w+\.txt', str(cfg.train_dataloader))
        )
