from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
from scipy.stats import ttest_1samp

from mmcsod import UserError
from mmcsod.experiments.figure import draw_figure, make_figure
from mmcsod.experiments.spec import Run
from tests.test_experiments.runs import make_experiment


def make_results(runs):
    return {
        run: {'metrics': {'AP50': 0.5 + 0.01 * i}, 'images': 9, 'iters': 1, 'objects': 50} for i, run in enumerate(runs)
    }


GRIDS = {
    'budgets': [
        Run('small', method, number, None, 'auto', 9, seed)
        for method in ('uniform', 'max')
        for number in (12, 24)
        for seed in (0, 1)
    ]
    + [Run('small', 'full-set', None, None, None, 9, 0)],
    'lams': [
        Run('small', 'csod', number, lam, 'auto', 9, 0)
        for lam in ('coverage', 1e-10, 0.05, 1e10)
        for number in (12, 24)
    ]
    + [Run('small', 'uniform', 12, None, 'auto', 9, 0)],
    'methods': [Run('small', method, 200, None, 'auto', 9, seed) for method in ('uniform', 'max') for seed in (0, 1)],
    'detectors': [Run(detector, 'uniform', 200, None, 'auto', 9, 0) for detector in ('small', 'large')],
}


def axes_of(runs):
    return make_figure([(make_experiment(runs), make_results(runs))]).axes[0]


@pytest.mark.parametrize('grid', GRIDS)
def test_draws_each_kind_of_grid(tmp_path, grid):
    runs = GRIDS[grid]
    draw_figure([(make_experiment(runs), make_results(runs))], tmp_path / 'new' / 'figure.png')
    picture = matplotlib.image.imread(tmp_path / 'new' / 'figure.png')
    assert picture.shape[1] == (2280 if grid == 'detectors' else 1140)
    assert picture[..., :3].std() > 0.05
    assert picture[0, 0, :3].tolist() == [1, 1, 1]


def test_a_figure_for_a_dark_page_is_light_on_dark(tmp_path):
    grids = [(make_experiment(GRIDS['budgets']), make_results(GRIDS['budgets']))]
    draw_figure(grids, tmp_path / 'dark.png', dark=True)
    picture = matplotlib.image.imread(tmp_path / 'dark.png')[..., :3]
    assert np.median(picture) < 0.1 < 0.9 < picture.max()


def test_methods_with_several_budgets_are_lines_over_them_in_the_same_color_in_each_panel():
    runs = [run for run in GRIDS['budgets'] if run.num_images] + [Run('small', 'csod', 12, 0.1, 'auto', 9, 0)]
    results = make_results(runs)
    other = replace(make_experiment(runs[::-1]), name='other', detectors={'small': 'other.py'})
    figure = make_figure([(make_experiment(runs), results), (other, results)])
    drawn = [{bars.get_label(): bars.lines[0].get_color() for bars in axes.containers} for axes in figure.axes]
    assert drawn[0] == drawn[1]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['max', 'random (class-balanced)']
    assert [bars.lines[0].get_linestyle() for bars in figure.axes[0].containers] == ['-', '--']


def test_a_single_value_has_no_interval():
    runs = [run for run in GRIDS['budgets'] if (run.num_images, run.seed) != (24, 1)]
    axes = axes_of(runs)
    intervals = [bars.lines[2][0].get_segments() for bars in axes.containers]
    assert [[len(segment) > 0 for segment in segments] for segments in intervals] == [[True, False], [True, False]]


def test_each_swept_method_and_budget_has_its_own_line():
    runs = [
        Run('small', method, number, lam, 'auto', 9, 0)
        for method in ('csod', 'csod-objectwise')
        for number in (12, 24)
        for lam in ('coverage', 0.05, 1e10)
    ]
    runs += [Run('small', 'uniform', 12, None, 'auto', 9, 0), Run('small', 'full-set', None, None, None, 9, 0)]
    axes = axes_of(runs)
    lines = {bars.get_label(): list(bars.lines[0].get_ydata()) for bars in axes.containers}
    assert lines == {
        'csod, 12 images': pytest.approx([51, 52]),
        'csod, 24 images': pytest.approx([54, 55]),
        'csod-objectwise, 12 images': pytest.approx([57, 58]),
        'csod-objectwise, 24 images': pytest.approx([60, 61]),
    }
    levels = {line.get_label(): line.get_ydata()[0] for line in axes.lines if line.get_label()[0] != '_'}
    of_coverage = {'csod': (50, 53), 'csod-objectwise': (56, 59)}
    expected = {
        f'{method}, lam coverage, {number} images': value
        for method, values in of_coverage.items()
        for number, value in zip((12, 24), values, strict=True)
    }
    assert levels == pytest.approx({**expected, 'random (class-balanced), 12 images': 62, 'full-set': 63})


@pytest.mark.parametrize(
    ('grid', 'means', 'over'),
    [
        ('budgets', 'mean of 1 to 2 seeds; bars: 95 % t-interval', 'images trained on'),
        ('lams', 'one training each', 'lam'),
    ],
)
def test_the_axes_say_what_a_point_is_and_over_what_it_is_drawn(grid, means, over):
    axes = axes_of(GRIDS[grid])
    assert axes.get_ylabel() == f'AP50, %\n{means}'
    assert axes.get_xlabel() == over


def test_refuses_to_draw_nothing_or_in_no_format(tmp_path):
    experiment = make_experiment(GRIDS['methods'])
    with pytest.raises(UserError, match='no results to draw yet'):
        draw_figure([(experiment, {})], tmp_path / 'figure.png')
    with pytest.raises(UserError, match=r'figure\.nonsense could not be drawn'):
        draw_figure([(experiment, make_results(GRIDS['methods']))], tmp_path / 'figure.nonsense')
    assert not list(tmp_path.iterdir())


def test_experiments_of_other_detectors_have_a_panel_each_and_bars_are_t_intervals():
    runs = GRIDS['methods']
    other = replace(make_experiment(runs), name='other', detectors={'small': 'other.py'})
    axes = make_figure([(make_experiment(runs), make_results(runs)), (other, make_results(runs))]).axes
    assert [each.get_title('left') for each in axes] == ['trial, small', 'other, small']
    half = ttest_1samp([50, 51], 0).confidence_interval(0.95).high - 50.5
    (_, _, bars), *_ = axes[0].containers
    assert bars[0].get_segments()[0][:, 0] == pytest.approx([50.5 - half, 50.5 + half])
    assert axes[0].get_xlabel() == 'AP50, %\nmean of 2 seeds; bars: 95 % t-interval'
    assert axes[0].get_title('right') == '200 images'
