import matplotlib.image
import pytest

from mmcsod import UserError
from mmcsod.experiments.figure import draw_figure
from mmcsod.experiments.spec import Experiment, Run, Selector


def make_experiment(runs):
    return Experiment('trial', Selector('c', 'w'), {'small': 'small.py'}, 'AP50', tuple(runs))


def make_results(runs):
    return {run: {'metrics': {'AP50': 0.5 + 0.01 * i}, 'images': 9, 'iters': 1, 'objects': 50}
            for i, run in enumerate(runs)}


GRIDS = {
    'budgets': [Run('small', method, number, None, 'auto', 9, seed)
                for method in ('uniform', 'max') for number in (12, 24) for seed in (0, 1)]
    + [Run('small', 'full-set', None, None, None, 9, 0)],
    'lams': [Run('small', 'csod', number, lam, 'auto', 9, 0) for lam in ('auto', 1e-10, 0.05, 1e10)
             for number in (12, 24)] + [Run('small', 'uniform', 12, None, 'auto', 9, 0)],
    'methods': [Run('small', method, 200, None, 'auto', 9, seed) for method in ('uniform', 'max') for seed in (0, 1)],
    'detectors': [Run(detector, 'uniform', 200, None, 'auto', 9, 0) for detector in ('small', 'large')],
}


@pytest.mark.parametrize('grid', GRIDS)
def test_draws_each_kind_of_grid(tmp_path, grid):
    runs = GRIDS[grid]
    draw_figure(make_experiment(runs), make_results(runs), tmp_path / 'new' / 'figure.png')
    picture = matplotlib.image.imread(tmp_path / 'new' / 'figure.png')
    assert picture.shape[1] == (2280 if grid == 'detectors' else 1140)
    assert picture[..., :3].std() > 0.05


def test_refuses_to_draw_nothing(tmp_path):
    with pytest.raises(UserError, match='no results to draw yet'):
        draw_figure(make_experiment(GRIDS['methods']), {}, tmp_path / 'figure.png')
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_one_sentence(tmp_path):
    runs = GRIDS['methods']
    with pytest.raises(UserError, match=r'figure\.nonsense could not be drawn'):
        draw_figure(make_experiment(runs), make_results(runs), tmp_path / 'figure.nonsense')
    assert not list(tmp_path.iterdir())
