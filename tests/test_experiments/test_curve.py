import re

import numpy as np
import pytest

from mmcsod import UserError
from mmcsod.experiments.curve import PowerLaw, bootstrap, fit, render_curve
from mmcsod.experiments.spec import FULL_SET, Run
from tests.test_experiments.runs import make_experiment

TRUE = PowerLaw(0.9, 2.0, 0.7)
NUMBERS = [12, 24, 48, 100, 200]


def test_the_law_s_own_points_give_the_law_and_its_inverse():
    found = fit(NUMBERS, [TRUE.at(number) for number in NUMBERS])
    assert (found.limit, found.gap, found.exponent) == pytest.approx((0.9, 2.0, 0.7), rel=1e-3)
    assert TRUE.images_for(TRUE.at(60)) == pytest.approx(60)
    assert TRUE.images_for(0.9) == np.inf
    assert PowerLaw(0.9, 0.0, 1.0).images_for(0.5) == 1


def test_the_interval_of_equal_seeds_is_a_point_and_of_unlike_ones_is_not():
    equal = {number: [TRUE.at(number)] * 3 for number in NUMBERS}
    low, high = bootstrap(equal, lambda drawn, curve: curve.at(400))
    assert low == high == pytest.approx(TRUE.at(400), abs=1e-3)
    unlike = {number: [TRUE.at(number) + shift for shift in (-0.05, 0, 0.05)] for number in NUMBERS}
    low, high = bootstrap(unlike, lambda drawn, curve: curve.at(400))
    assert low < TRUE.at(400) < high


def experiment_of(numbers, law=TRUE.at, seeds=(0, 1)):
    runs = [Run('small', FULL_SET, None, None, None, 120, 0)]
    runs += [Run('small', 'csod', number, 'auto', 'auto', 120, seed) for number in numbers for seed in seeds]
    results = {
        run: {'metrics': {'AP': law(run.num_images or 200)}, 'images': run.num_images or 200, 'iters': 120}
        for run in runs
    }
    return make_experiment(runs, 'AP'), results


def cells_of(text):
    return [cell.strip() for cell in re.findall(r'^\| csod.*$', text, re.MULTILINE)[0].split('|')[1:-1]]


def test_the_advice_is_what_the_law_says_and_the_largest_is_predicted():
    text = render_curve(*experiment_of([12, 24, 48, 100]))
    cells = cells_of(text)
    assert cells[1] == '5'
    assert int(cells[2]) == pytest.approx(TRUE.images_for(0.95 * TRUE.at(200)), rel=0.02)
    assert cells[4] == '200'
    assert cells[5] == cells[7] == f'{100 * TRUE.at(200):.1f}'


def test_one_seed_has_no_interval():
    cells = cells_of(render_curve(*experiment_of([12, 24, 48], seeds=(0,))))
    assert cells[3] == cells[6] == '-'
    assert '-' not in cells_of(render_curve(*experiment_of([12, 24, 48])))


def test_fewer_images_than_anybody_trained_on_are_not_made_up():
    cells = cells_of(render_curve(*experiment_of([60, 80, 100])))
    assert TRUE.images_for(0.95 * TRUE.at(200)) > 60
    assert cells[2].isdigit()
    cells = cells_of(render_curve(*experiment_of([150, 170, 190])))
    assert cells[2:4] == ['under 150', 'under 150 to under 150']


def test_a_metric_that_falls_gives_no_number():
    cells = cells_of(render_curve(*experiment_of([12, 24, 48], law=lambda number: 0.7 - number / 1000)))
    assert cells[2:4] == ['does not rise with N', '-']


def test_too_few_budgets_are_one_sentence():
    with pytest.raises(UserError, match='4 or more numbers of images, the full set among them'):
        render_curve(*experiment_of([12, 24]))
