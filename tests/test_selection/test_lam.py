from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import select_coreset
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection
from tests.test_selection.banks import class_bank, make_bank, random_banks
from tests.test_selection.test_coverage import naive_coverage
from tests.test_selection.threads import run_together


def naive_trials(bank, number, include):
    """Nine whole selections by --lam, the coverage of each by its definition."""
    pool = len(np.unique(bank.rows['image']))
    unit, labels = min(number, pool) / pool, range(len(bank.classes))

    def coverage(lam):
        chosen = np.isin(bank.images, select_coreset(bank, number, lam=lam, include=include).image_ids)
        return round(naive_coverage(bank, labels, chosen), 6)

    tried = {lam: coverage(lam) for lam in (unit * 2.0**power for power in range(-4, 3))}
    best = max(tried, key=lambda lam: (tried[lam], lam))
    tried |= {lam: coverage(lam) for lam in (best * 2**-0.5, best * 2**0.5)}
    return tried


@settings(max_examples=12, deadline=None, derandomize=True)
@given(bank=random_banks(), number=st.integers(2, 14), num_included=st.integers(0, 2))
def test_auto_is_the_lam_that_covers_best_and_its_selection(bank, number, num_included):
    include = bank.images[:num_included]
    coreset = select_coreset(bank, number, method='csod', include=include)
    tried = naive_trials(bank, number, include)
    parameters = coreset.parameters
    assert parameters['lams'] == sorted(tried)
    assert parameters['coverages'] == pytest.approx([tried[lam] for lam in sorted(tried)], abs=2e-6)
    best = max(parameters['coverages'])
    assert parameters['lam'] == max(
        lam for lam, value in zip(parameters['lams'], parameters['coverages'], strict=True) if value == best
    )
    assert coreset.picks == select_coreset(bank, number, lam=parameters['lam'], include=include).picks


def test_what_is_recorded():
    parameters = select_coreset(make_bank(), 6, method='csod').parameters
    assert parameters['lam_rule'] == 'coverage'
    assert parameters['lam_unit'] == 6 / parameters['num_pool']
    assert len(parameters['lams']) == len(parameters['coverages']) == 9
    assert 'lams' not in select_coreset(make_bank(), 6, method='uniform').parameters


def test_the_larger_lam_wins_a_tie():
    coreset = select_coreset(class_bank(np.ones((8, 3), np.float32)), 4, method='csod')
    assert coreset.parameters['lam'] == coreset.parameters['lams'][-1]


@pytest.mark.parametrize('kernel', ['numpy', 'pruned', 'torch'])
def test_every_kernel_and_number_of_processes_chooses_the_same(kernel):
    bank = make_bank(num_images=60, seed=1)
    options = SelectionOptions(20, method='csod', kernel='numpy')
    expected = run_selection(bank, options).coreset
    assert run_selection(bank, replace(options, kernel=kernel)).coreset == expected
    for coreset in run_together(3, lambda world: run_selection(bank, options, world).coreset):
        assert coreset == expected


@pytest.mark.parametrize('budget', [{'ratio': 0.2}, {'num_objects': 40}])
@pytest.mark.parametrize('method', ['csod', 'graph-cut'])
def test_other_budgets_and_methods_that_use_lam(budget, method):
    bank = make_bank()
    bank = replace(bank, image_vectors=np.random.default_rng(0).normal(size=(40, 5)))
    coreset = select_coreset(bank, **budget, method=method)
    assert coreset.parameters['lam_rule'] == 'coverage'
    assert coreset.picks == select_coreset(bank, **budget, method=method, lam=coreset.parameters['lam']).picks
