import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from tests.test_selection.test_methods.drawn import labels_of, make_bank


def test_uniform_gives_every_class_the_same_number_of_turns(bank):
    coreset = select_coreset(bank, num_images=21, method='uniform', seed=4)
    assert labels_of(coreset) == [0, 1, 2] * 7
    assert len(set(coreset.image_ids)) == 21
    shows = {(str(image), int(label)) for image, label in zip(bank.image_ids, bank.labels, strict=True)}
    assert {(pick.image_id, pick.label) for pick in coreset.picks} <= shows


def test_uniform_draws_each_candidate_equally_often(bank):
    # The first turn is the cat's: 40 candidates, 2,000 draws, so 50 each with a standard deviation of 7.
    firsts = [select_coreset(bank, num_images=1, method='uniform', seed=seed).image_ids[0] for seed in range(2000)]
    counts = np.bincount(np.array(firsts, int), minlength=60)
    assert counts[:40].min() > 50 - 5 * 7
    assert counts[:40].max() < 50 + 5 * 7
    assert counts[40:].sum() == 0


def test_full_draws_again_until_every_class_appears():
    # The owl is in one image of 30: a single draw of 4 shows it in about one case of seven.
    presence = np.zeros((30, 3), bool)
    presence[:15, 0] = presence[15:, 1] = presence[29, 2] = True
    bank = make_bank(presence)
    for seed in range(30):
        coreset = select_coreset(bank, num_images=4, method='full', seed=seed)
        assert '29' in coreset.image_ids
        assert set(labels_of(coreset)) == {None}


def test_full_says_so_when_a_class_keeps_missing():
    bank = make_bank(np.eye(3, dtype=bool))
    with pytest.raises(UserError, match='Each of 1000 draws of 2 images lacked some class'):
        select_coreset(bank, num_images=2, method='full')
    assert len(select_coreset(bank, num_images=2, method='full', classes=['cat', 'owl'])) == 2


def test_full_counts_the_classes_of_included_images():
    bank = make_bank(np.eye(3, dtype=bool))
    assert select_coreset(bank, num_images=3, method='full', include=['2']).image_ids[0] == '2'
    with pytest.raises(UserError, match='lacked some class'):
        select_coreset(bank, num_images=2, method='full', include=['2'])


def test_ratio_follows_the_images_per_class(bank):
    # 40, 25 and 10 images: of 15 turns 8, 5 and 2.
    coreset = select_coreset(bank, num_images=15, method='ratio', seed=1)
    assert np.bincount(labels_of(coreset)).tolist() == [8, 5, 2]
    # By hand, images / (2 turns + 1): 40 > 25 > 40/3 > 10 > 25/3 > 40/5.
    assert labels_of(coreset)[:5] == [0, 1, 0, 2, 1]


def test_max_takes_the_fullest_image_of_the_class_by_hand():
    # cats: a 3, b 5, c 5; dogs: c 5, d 9, e 1. cat takes b (first of the two fives), dog d, cat c, dog e, cat a.
    presence = [[1, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 0]]
    bank = make_bank(presence, {0: 3, 1: 5, 2: 5, 3: 9, 4: 1})
    bank.rows['count'][(bank.image_ids == '2') & (bank.labels == 0)] = 2
    bank.rows['count'][(bank.image_ids == '2') & (bank.labels == 1)] = 3
    coreset = select_coreset(bank, num_images=5, method='max')
    assert coreset.image_ids == ['1', '3', '2', '4', '0']
    assert 'seed' not in coreset.parameters


def test_every_k_th_image_of_the_pool(bank):
    assert select_coreset(bank, num_images=15, method='stride').image_ids == list(bank.images[::4])
    with_more = select_coreset(bank, num_images=13, method='stride', include=['59'], exclude=['0', '1'])
    left = [image for image in bank.images if image not in ('59', '0', '1')]
    assert with_more.image_ids == ['59', *(left[number * len(left) // 12] for number in range(12))]
