import numpy as np
import pytest

from mmcsod import select_coreset
from tests.test_selection.test_methods.brute_force import brute_force, make_bank, random_bank


def distance_to_nearest_centre(members, chosen):
    return min(np.linalg.norm(chosen[-1] - other) for other in chosen[:-1])


@pytest.mark.parametrize('seed', range(4))
def test_k_center_equals_brute_force_after_its_random_centres(seed):
    presence, vectors = random_bank(seed)
    presence[[0, 1, 2, 3]] = np.eye(4, dtype=bool)  # one included image a class: nothing is left to chance
    include = [f'{i:03}' for i in range(4)]
    coreset = select_coreset(make_bank(presence, vectors), num_images=23, method='k-center', include=include)
    expected, labels = brute_force(presence, vectors.astype(np.float64), 23, distance_to_nearest_centre, range(4))
    assert [int(image) for image in coreset.image_ids] == expected
    assert [pick.label for pick in coreset.picks[4:]] == labels


def test_k_center_by_hand():
    # From 1 the farthest of 0, 1, 4, 10 is 10; then 4 (3 from 1); 0 is last.
    bank = make_bank(np.ones((4, 1), bool), [[0], [1], [4], [10]])
    coreset = select_coreset(bank, num_images=4, method='k-center', include=['001'])
    assert coreset.image_ids == ['001', '003', '002', '000']


def test_k_center_draws_its_first_centre():
    presence, vectors = random_bank(0)
    bank = make_bank(presence, vectors)
    firsts = {select_coreset(bank, num_images=1, method='k-center', seed=seed).image_ids[0] for seed in range(30)}
    assert len(firsts) > 5
