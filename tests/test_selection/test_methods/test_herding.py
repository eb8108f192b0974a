import numpy as np
import pytest

from mmcsod import select_coreset
from tests.test_selection.test_methods.brute_force import assert_equals_brute_force, make_bank


def nearness_of_means(members, chosen):
    return -np.linalg.norm(members.mean(axis=0) - chosen.mean(axis=0))


def test_herding_takes_the_nearest_not_the_farthest_by_hand():
    # Mean of 0, 1, 5, 10 is 4. Nearest to 4 is 5; to 2 * 4 - 5 = 3 of the rest is 1; to 3 * 4 - 6 = 6 it is 10.
    bank = make_bank(np.ones((4, 1), bool), [[0], [1], [5], [10]])
    assert select_coreset(bank, num_images=4, method='herding').image_ids == ['002', '001', '003', '000']


@pytest.mark.parametrize('seed', range(4))
def test_herding_equals_brute_force(seed):
    assert_equals_brute_force('herding', nearness_of_means, seed)
