import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.analysis.coverage_curve import coverage_curve, diminishing_returns
from mmcsod.analysis.similarity import similarity
from mmcsod.coreset import Coreset, Pick


def test_each_prefix_has_the_coverage_that_it_has_as_a_coreset():
    rng = np.random.default_rng(0)
    images, labels = np.divmod(np.arange(60), 3)
    kept = rng.random(60) < 0.6
    bank = FeatureBank.from_arrays(
        rng.normal(size=(60, 4)).astype(np.float32)[kept], images[kept].astype(str), labels[kept], list('abc')
    )
    order = rng.permutation(bank.images)
    curve = coverage_curve(bank, Coreset(tuple(map(Pick, order)), bank.classes, 'uniform'))
    for number in range(1, len(order) + 1):
        mask = np.isin(bank.images, order[:number])
        assert curve[number - 1] == pytest.approx(similarity(bank, mask).coverage)
    assert curve[-1] == pytest.approx(1)


def test_returns_diminish_where_a_curve_bends():
    assert diminishing_returns(np.array([0, 0.4, 0.8, 0.85, 0.9, 0.95])) == 3
    assert diminishing_returns(np.array([0.5])) == 1
