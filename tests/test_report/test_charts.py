import numpy as np

from mmcsod import select_coreset
from mmcsod.report.charts import draw_class_coverage, draw_coverage, draw_distribution, draw_lam
from mmcsod.report.counts import Distribution
from mmcsod.report.selected import Selected
from tests.test_report.conftest import make_bank


def test_a_distribution_says_in_words_and_numbers_what_it_draws():
    counts = {'pool': np.array([30, 10]), 'half': np.array([1, 1]), 'one': np.array([1, 0]), 'none': np.array([0, 0])}
    chart = draw_distribution(Distribution('Sizes', 'area', '', ('small', 'large'), counts, 'objects'))
    divergence = 0.75 * np.log(1.5) + 0.25 * np.log(0.5)
    assert f'half {divergence:.4f}, one ∞, none unknown nats' in chart.summary
    assert chart.header[:5] == ['area', 'pool, objects', 'pool, %', 'half, objects', 'half, %']
    assert chart.rows[1] == ['large', '10', '25.0', '1', '50.0', '0', '0.0', '0', '0.0']
    assert '% of objects' in chart.svg
    assert 'area' in chart.svg


def test_coverage_ends_where_the_coreset_does():
    bank = make_bank()
    one, two = (Selected.find(name, bank, select_coreset(bank, number)) for name, number in (('a', 9), ('b', 4)))
    chart = draw_coverage([one, two])
    ends = [np.mean([np.nan_to_num(each.curve[-1]) for each in own.coverages.values()]) for own in (one, two)]
    assert f'a {ends[0]:.3f} with 9 images' in chart.summary
    assert f'b {ends[1]:.3f} with 4 images' in chart.summary
    assert [row[0] for row in chart.rows] == list('123456789')
    assert chart.rows[-1][2] == ''
    assert 'selected images' in chart.svg


def test_a_class_that_is_never_picked_is_told_so():
    bank = make_bank()
    one = Selected.find('a', bank, select_coreset(bank, 1))
    missing = next(label for label, each in one.coverages.items() if np.isnan(each.curve).all())
    chart = draw_class_coverage([one], missing, 'x')
    assert chart.rows == [['a', 'never', 'none']]


def test_coverage_over_lam_where_it_chose_lam():
    bank = make_bank()
    auto, given = (Selected.find('a', bank, select_coreset(bank, 5, method='csod', lam=lam)) for lam in ('auto', 0.3))
    assert draw_lam(given) is None
    chart = draw_lam(auto)
    parameters = auto.coreset.parameters
    assert len(chart.rows) == len(parameters['lams'])
    best = max(float(coverage) for _, coverage in chart.rows)
    assert [f'{parameters["lam"] / parameters["lam_unit"]:.4g}', f'{best:.6f}'] in chart.rows
    assert 'lam in units of N / D' in chart.svg
