import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.records.coreset import Coreset, Pick
from mmcsod.report.coverage_curve import coverage_curve, diminishing_returns
from mmcsod.report.similarity import similarity


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


@pytest.fixture
def scenes():
    """Two images each of four scenes that have nothing in common, and one of another class."""
    vectors = np.concatenate([np.repeat(np.eye(4), 2, axis=0), np.eye(4)[:1]]).astype(np.float32)
    return FeatureBank.from_arrays(vectors, list('abcdefghi'), [0] * 8 + [1], ['many', 'one'])


def bend(bank, order):
    coreset = Coreset(tuple(map(Pick, order)), bank.classes, 'uniform')
    return diminishing_returns(bank, coreset, coverage_curve(bank, coreset))


@pytest.mark.parametrize('length', range(6, 10))
def test_returns_diminish_once_every_scene_is_shown(length, scenes):
    # The second pick adds a class, half of all coverage, and is not where the curve bends: each of the next three adds
    # a scene, and those after them nothing.
    assert bend(scenes, 'aicegbdfh'[:length]) == 5


@pytest.mark.parametrize('length', range(1, 6))
def test_a_coreset_that_ends_before_does_not_say(length, scenes):
    assert bend(scenes, 'aicegbdfh'[:length]) is None
