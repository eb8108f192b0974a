import numpy as np

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.methods.classwise_k_means import clusters
from tests.test_selection.banks import class_bank


def test_one_image_of_each_cluster_the_nearest_to_its_centre():
    # Three bundles of three directions, the middle one of each being the nearest to its centre; the first bundle has a
    # fourth row and, as the largest, comes first.
    angles = np.radians([0, 2, 4, 2.5, 40, 42, 44, 80, 82, 84])
    bank = class_bank(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32))
    for seed in range(3):
        picks = select_coreset(bank, num_images=3, method='classwise-k-means', seed=seed).image_ids
        assert picks[0] in ('00001', '00003')
        assert sorted(picks[1:]) == ['00005', '00008']


def test_copies_are_one_cluster():
    own, distances = clusters(np.array([[0, 1.0], [1, 0], [0, 1.0]]), 4, np.random.default_rng(0))
    assert own[0] == own[2] != own[1]
    assert not distances.any()


def test_clusters_are_as_many_as_the_class_gets_turns():
    # Four pairs of nearly one direction. Four images are two turns of each of two classes, so two clusters of two
    # pairs, whose centres the inner rows are nearest to. Of four clusters, the pairs, the first row of each is taken.
    angles = np.radians([0, 1, 9, 10, 60, 61, 69, 70])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    bank = FeatureBank.from_arrays(
        np.concatenate([vectors, vectors]), [f'{i:02}' for i in range(16)], [0] * 8 + [1] * 8, ['one', 'other']
    )
    for seed in range(5):
        picks = [int(i) for i in select_coreset(bank, 4, method='classwise-k-means', seed=seed).image_ids]
        assert sorted(image // 4 for image in picks) == [0, 1, 2, 3]
        assert all(image % 4 in (1, 2) for image in picks)


def test_rows_equally_near_are_taken_in_the_dataset_s_order():
    # Of two rows both are as far from their mean, whatever rounding makes of it.
    rng = np.random.default_rng(0)
    for _ in range(50):
        bank = class_bank(np.abs(rng.normal(1, 1, (2, 7))).astype(np.float32))
        assert select_coreset(bank, num_images=1, method='classwise-k-means').image_ids == ['00000']
