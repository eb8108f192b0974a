import dataclasses

import numpy as np
import pytest

from mmcsod import UserError
from mmcsod.report.sizes import kl_divergence, size_counts, size_indices


@pytest.mark.parametrize(('counts', 'divergence'), [((75, 395, 562), 0.013), ((82, 300, 424), 0.006)])
def test_divergence_gives_the_papers_figures(counts, divergence):
    # Section 4.5.4: the pool's ratios, the counts of imagewise and objectwise selection, and their divergences.
    pool = np.array([10.5, 32.0, 57.5])
    assert round(kl_divergence(pool, np.array(counts)), 3) == divergence
    assert kl_divergence(pool, 7 * pool) == pytest.approx(0)


def test_the_other_direction_would_not_give_them():
    assert round(kl_divergence(np.array([75, 395, 562]), np.array([10.5, 32.0, 57.5])), 3) == 0.012


def test_divergence_from_a_size_that_is_not_selected_is_infinite():
    assert kl_divergence(np.array([1, 2, 3]), np.array([0, 2, 3])) == np.inf
    assert kl_divergence(np.array([0, 2, 2]), np.array([4, 2, 2])) == pytest.approx(np.log(2))


def test_bounds_are_cocos():
    boxes = np.array([[0, 0, 32, 31.9], [7, 7, 39, 39], [0, 0, 96, 95.9], [10, 10, 106, 106]])
    assert size_indices(boxes).tolist() == [0, 1, 1, 2]


def test_counts_include_ignored_objects_and_leave_out_boxes_without_area(bank):
    assert size_counts(bank).tolist() == [2, 2, 2]
    assert size_counts(bank, np.array([True, False, False])).tolist() == [1, 1, 0]
    bank.objects['box'][0] = (3, 3, 3, 9)
    assert size_counts(bank).tolist() == [1, 2, 2]


def test_refuses_a_bank_without_objects(bank):
    with pytest.raises(UserError, match='no table of objects'):
        size_counts(dataclasses.replace(bank, objects=None, object_vectors=None))
