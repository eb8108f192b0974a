import dataclasses
import re

import numpy as np
import pytest
from scipy.stats import ttest_rel

from mmcsod import UserError
from mmcsod.experiments.spec import FULL_SET, Run
from mmcsod.experiments.statistics import collect, compare
from mmcsod.experiments.table import render_table
from tests.test_experiments.runs import make_experiment


def make_runs(method, numbers=(12, 24), seeds=3, lam=None):
    return [Run('small', method, number, lam, 'auto', 120, seed) for number in numbers for seed in range(seeds)]


def make_result(value, weights='abc', iters=120, **facts):
    return {'metrics': {'AP50': value}, 'images': 202, 'iters': iters, 'selector': {'weights': weights}, **facts}


@pytest.fixture
def experiment():
    runs = [
        Run('small', FULL_SET, None, None, None, 200, 0),
        *make_runs('uniform'),
        *make_runs('csod', lam='coverage'),
        *make_runs('herding', numbers=[24]),
    ]
    return make_experiment(runs)


@pytest.fixture
def results(experiment):
    values = {
        'full-set': {None: [0.9]},
        'uniform': {12: [0.5, 0.6, 0.7], 24: [0.7, 0.7, 0.8]},
        'csod': {12: [0.6, 0.65, 0.9], 24: [0.8, 0.8]},
    }
    costs = {'training_minutes': 2.0, 'selection_seconds': 0.01}
    done = [run for run in experiment.runs if run.seed < len(values.get(run.method, {}).get(run.num_images, []))]
    return {
        run: make_result(values[run.method][run.num_images][run.seed], iters=run.iters, objects=100 + run.seed, **costs)
        for run in done
    }


def test_an_undefined_metric_is_a_dash_and_in_no_mean(experiment, results):
    runs = [run for run in experiment.runs if run.method == 'csod']
    for run in runs[:4]:  # all seeds of 12 images, the first of 24
        results[run] = make_result(None)
    cells = next(budgets for series, budgets in collect(experiment, results).items() if series.method == 'csod')
    assert (cells[12].values, cells[24].values) == ({}, {1: 80})
    assert re.search(r'\| csod +\| - +\| 80\.0 \(1\)', render_table(experiment, results))


def test_series_are_told_apart_by_lam_only_where_it_varies():
    swept = [run for lam in ('coverage', 0.05, 1e10) for run in make_runs('csod', [24], 1, lam)]
    tuned = [Run('small', 'csod', number, lam, 'auto', 120, 0) for number, lam in ((100, 0.0125), (200, 0.04375))]
    for runs, labels in ((swept, ['csod, lam coverage', 'csod, lam 0.05', 'csod, lam 1e+10']), (tuned, ['csod'])):
        experiment = make_experiment(runs)
        cells = collect(experiment, {run: make_result(0.5) for run in runs})
        assert [series.label for series in cells] == labels


def test_lengths_of_training_are_told_apart_and_compared_with_their_own():
    runs = [
        Run('small', method, 12, None, 'auto', iters, seed)
        for method in ('uniform', 'max')
        for iters in (120, 240)
        for seed in (0, 1)
    ]
    runs += [Run('small', FULL_SET, None, None, None, iters, 0) for iters in (200, 400)]
    experiment = make_experiment(runs)
    values = {'uniform': {120: 0.5, 240: 0.6}, 'max': {120: 0.4, 240: 0.7}, FULL_SET: {200: 0.8, 400: 0.9}}
    results = {run: make_result(values[run.method][run.iters], iters=run.iters) for run in runs}
    table = render_table(experiment, results)
    assert '| uniform, 120 iterations | 50.0 ± 0.0 (2) |' in table
    assert '| max, 120 iterations | -10.0 (2)   |' in table
    assert '| max, 240 iterations | +10.0 (2)   |' in table
    assert 'All 202 images, 200 iterations: 80.0 (1).\n\nAll 202 images, 400 iterations: 90.0 (1).' in table
    short = dataclasses.replace(experiment, runs=tuple(run for run in runs if (run.method, run.iters) != ('max', 240)))
    assert re.search(r'\| max +\| -10\.0 \(2\)', render_table(short, results))


@pytest.mark.parametrize(('first', 'second'), [((0.57, 0.56), (0.29, 0.28)), ((0.8, 0.9), (0.7, 0.8))])
def test_equal_differences_have_no_p(first, second):
    runs = [*make_runs('max', [12], 2), *make_runs('uniform', [12], 2)]
    experiment = make_experiment(runs)
    results = {run: make_result(value) for run, value in zip(runs, first + second, strict=True)}
    most, random = (next(iter(budgets.values())) for budgets in collect(experiment, results).values())
    assert compare(most, random).p is None


def test_table_shows_what_there_is_and_how_much_is_missing(experiment, results):
    table = render_table(experiment, results)
    assert 'trial: 12 of 16 runs done. `AP50` x 100' in table
    assert '| uniform  | 60.0 ± 10.0 (3) | 73.3 ± 5.8 (3) |' in table
    assert '| csod     | 71.7 ± 16.1 (3) | 80.0 ± 0.0 (2) |' in table
    assert 'All 202 images, 200 iterations: 90.0 (1).' in table
    p = ttest_rel([60, 65, 90], [50, 60, 70]).pvalue
    assert f'| csod     | +11.7 (3; p = {p:.2g}) | +10.0 (2)' in table
    assert re.search(r'\| uniform +\| 12 +\| 101 +\| +\| 0\.010 +\| 2\.0 ', table)
    assert 'herding' not in table
    assert 'selector weights' not in table


def test_table_says_when_selectors_were_mixed(experiment, results):
    run = next(iter(results))
    mixed = {**results, run: make_result(0.5, weights='other')}
    assert 'selected with 2 different sets of selector weights' in render_table(experiment, mixed)
    of_another_grid = {**results, dataclasses.replace(run, tap='roi'): make_result(0.5, weights='other')}
    assert 'selector weights' not in render_table(experiment, of_another_grid)


def test_table_says_when_settings_were_mixed(experiment, results):
    assert 'cfg_options' not in render_table(experiment, results)
    changed = dataclasses.replace(experiment, cfg_options={'optim_wrapper.optimizer.lr': 0.01})
    assert '12 of these runs were done with other `cfg_options`' in render_table(changed, results)
    same = {run: make_result(0.5, cfg_options={'optim_wrapper.optimizer.lr': 0.01}) for run in results}
    assert 'cfg_options' not in render_table(changed, same)


def test_a_metric_that_no_line_has_is_one_sentence(experiment, results):
    with pytest.raises(UserError, match=r"no metric 'mAP'; .* must be one of AP50"):
        render_table(dataclasses.replace(experiment, metric='mAP'), results)


def test_table_of_nothing_says_so(experiment):
    assert render_table(experiment, {}).startswith('trial: 0 of 16 runs done.')


def test_results_of_runs_no_longer_listed_are_left_out(experiment, results):
    fewer = dataclasses.replace(experiment, runs=tuple(run for run in experiment.runs if run.method != 'csod'))
    assert 'csod' not in render_table(fewer, results)
    assert np.isclose(collect(fewer, results).popitem()[1][24].mean, 100 * (0.7 + 0.7 + 0.8) / 3)


def test_an_undefined_metric_is_a_dash_and_left_out_of_means(experiment, results):
    def undefined(method, seeds):
        for run in experiment.runs:
            if run.method == method and run.num_images == 12 and run.seed in seeds:
                results[run] = results[run] | {'metrics': {'AP50': None}}

    undefined('uniform', [0])
    undefined('csod', [0, 1, 2])
    table = render_table(experiment, results)
    assert re.search(r'\| uniform +\| 65\.0 ± 7\.1 \(2\)', table)
    assert re.search(r'\| csod +\| - +\| 80\.0', table)
