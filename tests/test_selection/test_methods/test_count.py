from collections import Counter

import numpy as np
import pytest

from mmcsod import UserError, select_coreset


@pytest.fixture
def counted(bank):
    counts = np.random.default_rng(0).integers(1, 12, 60)
    bank.rows['count'] = counts[bank.rows['image']]
    return bank


def objects_of(bank, coreset):
    return int(bank.rows['count'][np.isin(bank.image_ids, coreset.image_ids)].sum())


@pytest.mark.parametrize('bounds', [(60, 70), (100, 104), (150, 200)])
def test_count_meets_the_range_and_keeps_the_turns(counted, bounds):
    for seed in range(5):
        coreset = select_coreset(counted, num_images=18, method=f'count:{bounds[0]}-{bounds[1]}', seed=seed)
        assert bounds[0] <= objects_of(counted, coreset) <= bounds[1]
        assert [pick.label for pick in coreset.picks] == [0, 1, 2] * 6
        assert len(set(coreset.image_ids)) == 18


def test_count_spreads_over_its_range(counted):
    found = [objects_of(counted, select_coreset(counted, 18, method='count:130-150', seed=seed)) for seed in range(40)]
    assert min(found) < 134
    assert max(found) > 146


def test_count_of_a_range_that_is_met_anyway_is_the_uniform_draw(counted):
    drawn = select_coreset(counted, num_images=18, method='count:0-1000', seed=3)
    assert drawn.image_ids == select_coreset(counted, num_images=18, method='uniform', seed=3).image_ids


@pytest.mark.parametrize('seed', range(5))
def test_exchanges_keep_to_the_cap_on_recordings(counted, seed):
    options = {'group': r'(\d)$', 'per_group': 2}  # ten recordings
    coreset = select_coreset(counted, 18, method='count:120-125', seed=seed, **options)
    assert max(Counter(image[-1] for image in coreset.image_ids).values()) == 2
    assert 120 <= objects_of(counted, coreset) <= 125


def test_a_range_that_cannot_be_met_is_refused(counted):
    with pytest.raises(UserError, match='No uniform draw of 18 images with 5000 to 6000 objects'):
        select_coreset(counted, num_images=18, method='count', method_options={'low': 5000, 'high': 6000})
