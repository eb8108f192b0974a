import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from tests.test_selection.reference import naive_select


def assert_same_picks(bank, expected, coreset, tolerance=1e-9):
    assert coreset.image_ids == [image for image, *_ in expected]
    assert [pick.label for pick in coreset.picks] == [label for _, label, *_ in expected]
    sizes = np.bincount(bank.labels, minlength=len(bank.classes))
    for pick, (_, label, first, second) in zip(coreset.picks, expected, strict=True):
        assert pick.pool_similarity == pytest.approx(first, abs=tolerance * max(1, sizes[label]))
        assert pick.selected_similarity == pytest.approx(second, abs=tolerance * max(1, sizes[label]))


def test_two_classes_three_images_by_hand():
    # cat rows: a (1, 0), b (0.6, 0.8), c (0, 1); dog rows: b (1, 0), c (0.8, 0.6); lam = 0.5.
    # cat's turn: A = a 1.6, b 2.4, c 1.8 -> b, B = 0. b leaves dog too, with T_dog = (1, 0).
    # dog's turn: only c is left: A = 1, B = cos(c, b) = 0.8, s = -0.3.
    # cat's turn: only a is left: A = 1, B = cos(a, b) + cos(a, c) = 0.6 + 0, s = -0.1.
    vectors = np.array([[1, 0], [0.6, 0.8], [0, 1], [1, 0], [0.8, 0.6]], np.float32)
    bank = FeatureBank.from_arrays(vectors, ['a', 'b', 'c', 'b', 'c'], [0, 0, 0, 1, 1], ['cat', 'dog'])
    coreset = select_coreset(bank, num_images=3, lam=0.5)
    assert coreset.image_ids == ['b', 'c', 'a']
    assert [pick.label for pick in coreset.picks] == [0, 1, 0]
    assert [pick.pool_similarity for pick in coreset.picks] == pytest.approx([2.4, 1, 1], abs=1e-6)
    assert [pick.selected_similarity for pick in coreset.picks] == pytest.approx([0, 0.8, 0.6], abs=1e-6)
    assert [pick.score for pick in coreset.picks] == pytest.approx([1.2, -0.3, -0.1], abs=1e-6)


@pytest.mark.parametrize('lam', [0.0, 1e-10, 0.05, 1.0, 1e10])
@pytest.mark.parametrize('seed', range(6))
def test_equals_the_naive_double_loop(seed, lam):
    rng = np.random.default_rng(seed)
    num_rows, num_classes = 40, 5
    keys = rng.choice(25 * num_classes, num_rows, replace=False)
    images, labels = np.divmod(np.sort(keys), num_classes)
    vectors = rng.normal(0.3, 1, (num_rows, 6)).astype(np.float32)
    vectors[rng.integers(num_rows, size=8)] = vectors[3]
    vectors[5] = 0
    bank = FeatureBank.from_arrays(vectors, [f'{i:03}' for i in images], labels, [str(c) for c in range(num_classes)])
    coreset = select_coreset(bank, num_images=100, lam=lam)
    expected = naive_select(vectors, [f'{i:03}' for i in images], labels, num_classes, 100, lam)
    assert_same_picks(bank, expected, coreset)
