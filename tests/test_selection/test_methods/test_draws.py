import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from tests.test_selection.banks import presence_bank


def labels_of(coreset):
    return [pick.label for pick in coreset.picks]


def test_uniform_gives_every_class_the_same_number_of_turns(bank):
    coreset = select_coreset(bank, num_images=21, method='uniform', seed=4)
    assert labels_of(coreset) == [0, 1, 2] * 7
    shows = set(zip(bank.image_ids, bank.labels, strict=True))
    assert {(pick.image_id, pick.label) for pick in coreset.picks} <= shows


def test_uniform_draws_each_candidate_equally_often(bank):
    # 10 candidates, 500 draws: so 50 each, with a standard deviation of 7.
    drawn = [select_coreset(bank, 1, method='uniform', classes=['c'], seed=seed).image_ids[0] for seed in range(500)]
    counts = np.bincount(np.array(drawn, int), minlength=60)[50:]
    assert np.abs(counts - 50).max() < 4 * 7


def test_full_draws_again_until_every_class_appears():
    # Class c is in one image of 30: a single draw of 4 shows it in about one case of seven.
    presence = np.zeros((30, 3), bool)
    presence[:15, 0] = presence[15:, 1] = presence[29, 2] = True
    bank = presence_bank(presence)
    for seed in range(30):
        coreset = select_coreset(bank, num_images=4, method='full', seed=seed)
        assert '29' in coreset.image_ids
        assert set(labels_of(coreset)) == {None}


def test_full_says_so_when_a_class_keeps_missing():
    bank = presence_bank(np.eye(3))
    assert len(select_coreset(bank, num_images=2, method='full', classes=['a', 'c'])) == 2
    assert select_coreset(bank, num_images=3, method='full', include=['2']).image_ids[0] == '2'
    for included in ([], ['2']):
        with pytest.raises(UserError, match='Each of 1000 draws of 2 images lacked some class'):
            select_coreset(bank, num_images=2, method='full', include=included)


def test_ratio_follows_the_images_per_class(bank):
    # 40, 25 and 10 images: of 15 turns 8, 5 and 2. By hand, images / (2 turns + 1): 40 > 25 > 40/3 > 10 > 25/3 > 40/5.
    coreset = select_coreset(bank, num_images=15, method='ratio', seed=1)
    assert np.bincount(labels_of(coreset)).tolist() == [8, 5, 2]
    assert labels_of(coreset)[:5] == [0, 1, 0, 2, 1]


def test_max_takes_the_fullest_image_of_the_class_by_hand():
    # a: 0 with 3 objects, 1 with 5, 2 with 2 and 3 of b; b: 2, 3 with 9, 4 with 1. a takes 1, b 3, a 2, b 4, a 0.
    bank = presence_bank([[1, 0], [1, 0], [1, 1], [0, 1], [0, 1]])
    bank.rows['count'] = [3, 5, 2, 3, 9, 1]
    coreset = select_coreset(bank, num_images=5, method='max')
    assert coreset.image_ids == ['1', '3', '2', '4', '0']
    assert 'seed' not in coreset.parameters


def test_every_k_th_image_of_the_pool(bank):
    assert select_coreset(bank, num_images=15, method='stride').image_ids == list(bank.images[::4])
    with_more = select_coreset(bank, num_images=13, method='stride', include=['59'], exclude=['0', '1'])
    left = [image for image in bank.images if image not in ('59', '0', '1')]
    assert with_more.image_ids == ['59', *(left[number * len(left) // 12] for number in range(12))]
