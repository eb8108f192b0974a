from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, select_coreset
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE
from tests.test_selection.banks import class_bank, make_bank, random_banks
from tests.test_selection.naive_rules import cosine, naive_select

LAMS = [0.0, 1e-10, 0.01, 0.3, 2.0, 1e10]


def assert_same_picks(bank, expected, coreset):
    assert coreset.image_ids == [image for image, *_ in expected]
    assert [pick.label for pick in coreset.picks] == [label for _, label, *_ in expected]
    sizes = np.bincount(bank.labels, minlength=len(bank.classes))
    for pick, (_, label, first, second) in zip(coreset.picks, expected, strict=True):
        tolerance = 1e-9 * max(1, sizes[label])
        assert pick.pool_similarity == pytest.approx(first, abs=tolerance)
        assert pick.selected_similarity == pytest.approx(second, abs=tolerance)


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


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    bank=random_banks() | random_banks(dtype=np.float16),
    lam=st.sampled_from(LAMS),
    num_images=st.integers(1, 20),
    num_included=st.integers(0, 3),
)
def test_equals_the_naive_double_loop(bank, lam, num_images, num_included):
    included = bank.images[:num_included]
    num_images = max(num_images, len(included))
    coreset = select_coreset(bank, num_images=num_images, lam=lam, kernel='numpy', include=included)
    expected = naive_select(bank.vectors, bank.image_ids, bank.labels, len(bank.classes), num_images, lam, included)
    assert coreset.image_ids[: len(included)] == list(included)
    assert_same_picks(bank, expected, replace(coreset, picks=coreset.picks[len(included) :]))


@pytest.mark.parametrize('lam', [1e-10, 0.05, 1e10])
def test_large_classes_too(lam):
    bank = make_bank(num_images=1000)
    expected = naive_select(bank.vectors, bank.image_ids, bank.labels, 4, 60, lam)
    assert_same_picks(bank, expected, select_coreset(bank, 60, lam=lam))


def test_of_equal_scores_and_first_sums_the_smallest_second_sum_wins():
    # Rows in mirrored pairs, and a selected one that is nearer to the first of each pair; so large a lam ties them.
    rows = np.abs(np.random.default_rng(0).normal(size=(100, 2)))
    bank = class_bank(np.concatenate([rows, rows * [1, -1], [[0, 1]]]).astype(np.float32))
    assert int(select_coreset(bank, 2, lam=1e10, include=['00200']).image_ids[1]) >= 100


def test_objectwise_rows_equal_the_naive_double_loop():
    rng = np.random.default_rng(0)
    bank = objectwise_bank(rng)
    coreset = select_coreset(bank, num_images=20, lam=0.1, method='csod-objectwise')
    rows = bank.objectwise()
    expected = naive_select(rows.vectors, rows.image_ids, rows.labels, len(rows.classes), 20, 0.1)
    assert_same_picks(rows, expected, coreset)
    assert coreset.image_ids != select_coreset(bank, num_images=20, lam=0.1).image_ids


def objectwise_bank(rng, num_images=30):
    """Vectors of 150 objects in three classes, and one of each class in each image."""
    objects = np.zeros(150, OBJECT_DTYPE)
    objects['image'], objects['label'] = np.sort(rng.integers(0, num_images, 150)), rng.integers(0, 3, 150)
    keys, counts = np.unique(objects[['label', 'image']], return_counts=True)
    rows = np.zeros(len(keys), ROW_DTYPE)
    rows['label'], rows['image'], rows['count'] = keys['label'], keys['image'], counts
    return FeatureBank(
        vectors=rng.normal(0.5, 1, (len(keys), 8)).astype(np.float32),
        rows=rows,
        images=tuple(f'{i:02}' for i in range(num_images)),
        classes=('a', 'b', 'c'),
        objects=objects,
        object_vectors=rng.normal(0.5, 1, (150, 8)).astype(np.float32),
    )


def test_a_large_class_taken_to_its_last_pair_still_sees_the_tie():
    # The sums shrink from 3,000 rows to 2; what rounding left in them must not decide between the last two.
    rng = np.random.default_rng(2)
    vectors = rng.normal(0.5, 1, (3000, 4)).astype(np.float32)
    bank = class_bank(vectors)
    coreset = select_coreset(bank, num_images=2998, lam=1.0)
    last = sorted(set(bank.images) - set(coreset.image_ids))
    full = select_coreset(bank, num_images=3000, lam=1e12, include=coreset)
    assert full.image_ids[2998:] == last
    wanted = 1 + cosine(*(vectors[int(image)] for image in last))
    assert full.picks[2998].pool_similarity == pytest.approx(wanted, abs=1e-12)
