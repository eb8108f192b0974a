import numpy as np
import pytest

from mmcsod.selection.methods.zcore import ZCore, look, zcore_scores


def test_a_look_by_hand():
    # The point (1, 1) finds the row (1, 0). The others are 1 and 2 away from it: they share a loss of 1 as 1 to 2^-4.
    scores = np.zeros(3)
    look(scores, np.array([[1.0, 0], [0, 0], [1, -2]]), np.array([1.0, 1]), ZCore())
    assert scores == pytest.approx([1, -16 / 17, -1 / 17])


def test_a_copy_bears_all_of_the_loss():
    scores = np.zeros(3)
    look(scores, np.array([[1.0, 0], [0, 0], [1, 0]]), np.array([1.0, 1]), ZCore())
    assert scores == pytest.approx([1, 0, -1])


def test_equal_rows_have_nothing_to_look_at():
    assert not zcore_scores(np.ones((3, 2)), np.random.default_rng(0), ZCore()).any()


def test_looks_are_at_points_of_the_triangular_distribution():
    # Rows at 0, 0 and 1, with a median of 0: the point looked at is nearer to 0 if it is below 1/2, which the triangle
    # over 0..1 with its peak at 0 is in 3 of 4 looks. A find gains 1, and one of the others, a copy, loses 1.
    vectors = np.array([[0.0], [0.0], [1.0]])
    scores = zcore_scores(vectors, np.random.default_rng(0), ZCore(samples=20_000))
    found = 20_000 * np.array([0.75, 0.25])
    assert scores[:2].sum() + scores[2] == pytest.approx(0)
    assert scores[2] == pytest.approx(found[1], rel=0.03)
