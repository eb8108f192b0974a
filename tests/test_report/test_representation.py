import numpy as np

from mmcsod import FeatureBank
from mmcsod.report import representation
from mmcsod.report.representation import represent

VECTORS = np.array([[1, 0], [1, 0.1], [0, 1], [0.2, 1], [1, 1], [5, 0], [0, 2]], np.float32)


def make_bank():
    return FeatureBank.from_arrays(VECTORS, ['a', 'b', 'c', 'd', 'e', 'a', 'c'], [0, 0, 0, 0, 0, 1, 1], ['x', 'y'])


def test_each_row_belongs_to_the_nearest_pick_that_holds_its_class():
    view = represent(make_bank(), np.array([2, 0]))[0]
    assert view.images.tolist() == [0, 1, 2, 3, 4]
    assert view.nearest.tolist() == [1, 1, 0, 0, 0]  # e is as near to both: the earlier pick
    np.testing.assert_allclose(view.cosines, [1, 1 / np.hypot(1, 0.1), 1, 1 / np.hypot(1, 0.2), 0.5**0.5], rtol=1e-6)


def test_coverage_grows_from_the_first_pick_that_holds_the_class():
    curve = represent(make_bank(), np.array([1, 0, 3]))[1].coverage
    assert np.isnan(curve[0])
    np.testing.assert_allclose(curve[1:], [0.5, 0.5])


def test_a_class_that_no_pick_holds_has_no_nearest_pick():
    view = represent(make_bank(), np.array([1]))[1]
    assert view.nearest.tolist() == [-1, -1]
    assert np.isnan(view.coverage).all()


def test_blocks_of_rows_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    bank = FeatureBank.from_arrays(rng.normal(size=(50, 4)), list(map(str, range(50))), [0] * 50, ['x'])
    whole = represent(bank, np.arange(9))[0]
    monkeypatch.setattr(representation, 'BLOCK', 7)
    parts = represent(bank, np.arange(9))[0]
    np.testing.assert_array_equal(whole.nearest, parts.nearest)
    np.testing.assert_allclose(whole.coverage, parts.coverage)
    units = bank.vectors / np.linalg.norm(bank.vectors, axis=1, keepdims=True)
    naive = [(units @ units[:k].T).max(axis=1).mean() for k in range(1, 10)]
    np.testing.assert_allclose(parts.coverage, naive, rtol=1e-6)
