import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.records.coreset import Coreset, Pick
from mmcsod.report import coverage as module
from mmcsod.report.coverage import coverage_by_class, coverage_curve, diminishing_returns, redundancy
from tests.test_selection.naive_rules import cosine

HALF = np.sqrt(0.5)
VECTORS = np.array([[1, 0], [1, 0.1], [0, 1], [0.2, 1], [1, 1], [5, 0], [0, 2]], np.float32)


def make_bank():
    return FeatureBank.from_arrays(VECTORS, ['a', 'b', 'c', 'd', 'e', 'a', 'c'], [0, 0, 0, 0, 0, 1, 1], ['x', 'y'])


def curve_of(bank, *selected):
    return coverage_curve(coverage_by_class(bank, np.array(selected)))


def test_each_vector_belongs_to_the_nearest_selected_image_that_holds_its_class():
    found = coverage_by_class(make_bank(), np.array([2, 0]))[0]
    assert found.images.tolist() == [0, 1, 2, 3, 4]
    assert found.nearest.tolist() == [1, 1, 0, 0, 0]  # e is as near to both: the earlier one
    np.testing.assert_allclose(found.cosines, [1, 1 / np.hypot(1, 0.1), 1, 1 / np.hypot(1, 0.2), 0.5**0.5], rtol=1e-6)


def test_a_class_is_covered_from_the_first_selected_image_that_holds_it():
    curve = coverage_by_class(make_bank(), np.array([1, 0, 3]))[1].curve
    assert np.isnan(curve[0])
    np.testing.assert_allclose(curve[1:], [0.5, 0.5])


def test_a_class_that_no_selected_image_holds_has_no_nearest_one():
    found = coverage_by_class(make_bank(), np.array([1]))[1]
    assert found.nearest.tolist() == [-1, -1]
    assert np.isnan(found.curve).all()


def test_by_hand(bank):
    # Cat rows: a (1.5, 0), b (0, 3), c (1, 1); dog row: c. With a and c, b is nearest to c: cosine 0.707.
    curve = curve_of(bank, 0, 2)
    assert curve == pytest.approx([(1 + 0 + HALF) / 3 / 2, ((1 + HALF + 1) / 3 + 1) / 2])
    assert redundancy(bank, np.array([True, False, True])) == pytest.approx(HALF)
    assert np.isnan(redundancy(bank, np.array([True, False, False])))


def test_a_selected_vector_of_zeros_covers_nothing():
    bank = FeatureBank.from_arrays(np.zeros((2, 3), np.float32), ['a', 'b'], [0, 0], ['cat'])
    assert curve_of(bank, 0).tolist() == [0]


@pytest.mark.parametrize('block', [1, 7, 4096])
def test_equals_double_loops_at_any_block_size(monkeypatch, block):
    monkeypatch.setattr(module, 'COMPARED', block)
    monkeypatch.setattr('mmcsod.selection.coverage.COMPARED', block)
    monkeypatch.setattr('mmcsod.selection.coverage.CHOSEN', block)
    rng = np.random.default_rng(0)
    vectors = rng.normal(0.2, 1, (40, 5)).astype(np.float32)
    vectors[3] = 0
    images, labels = np.divmod(np.arange(40), 2)
    bank = FeatureBank.from_arrays(vectors, images.astype(str), labels, ['cat', 'dog'])
    order = rng.permutation(20)[:8]
    for number, value in enumerate(curve_of(bank, *order), start=1):
        coverages, redundancies = [], []
        for label in (0, 1):
            rows = [i for i in range(40) if labels[i] == label]
            selected = [i for i in rows if images[i] in order[:number]]
            coverages.append(np.mean([max(cosine(vectors[i], vectors[j]) for j in selected) for i in rows]))
            others = [[cosine(vectors[i], vectors[j]) for j in selected if j != i] for i in selected]
            redundancies += [np.mean([max(row) for row in others])] if number > 1 else []
        assert value == pytest.approx(np.mean(coverages), abs=1e-6)
        if number > 1:
            found = redundancy(bank, np.isin(np.arange(20), order[:number]))
            assert found == pytest.approx(np.mean(redundancies), abs=1e-6)


@pytest.fixture
def scenes():
    """Two images each of four scenes that have nothing in common, and one of another class."""
    vectors = np.concatenate([np.repeat(np.eye(4), 2, axis=0), np.eye(4)[:1]]).astype(np.float32)
    return FeatureBank.from_arrays(vectors, list('abcdefghi'), [0] * 8 + [1], ['many', 'one'])


def bend(bank, order):
    coreset = Coreset(tuple(map(Pick, order)), bank.classes, 'uniform')
    return diminishing_returns(bank, coreset, curve_of(bank, *(bank.image_index[image] for image in order)))


@pytest.mark.parametrize('length', range(6, 10))
def test_returns_diminish_once_every_scene_is_shown(length, scenes):
    # The second image adds a class, half of all coverage, and is not where the curve bends: each of the next three adds
    # a scene, and those after them nothing.
    assert bend(scenes, 'aicegbdfh'[:length]) == 5


@pytest.mark.parametrize('length', range(1, 6))
def test_a_coreset_that_ends_before_does_not_say(length, scenes):
    assert bend(scenes, 'aicegbdfh'[:length]) is None
