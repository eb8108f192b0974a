import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from tests.test_selection.test_methods.drawn import labels_of, objects_of


@pytest.mark.parametrize('bounds', [(60, 70), (100, 104), (150, 200)])
def test_count_meets_the_range_and_keeps_the_turns(bank, bounds):
    counts = np.random.default_rng(0).integers(1, 12, 60)
    bank.rows['count'] = counts[bank.rows['image']]
    for seed in range(5):
        coreset = select_coreset(bank, num_images=18, method=f'count:{bounds[0]}-{bounds[1]}', seed=seed)
        assert bounds[0] <= objects_of(bank, coreset) <= bounds[1]
        assert labels_of(coreset) == [0, 1, 2] * 6
        assert len(set(coreset.image_ids)) == 18


def test_count_spreads_over_its_range(bank):
    counts = np.random.default_rng(0).integers(1, 12, 60)
    bank.rows['count'] = counts[bank.rows['image']]
    found = [objects_of(bank, select_coreset(bank, num_images=18, method='count:130-150', seed=s)) for s in range(40)]
    assert min(found) < 134
    assert max(found) > 146


def test_count_of_a_range_that_is_met_anyway_is_the_uniform_draw(bank):
    drawn = select_coreset(bank, num_images=18, method='count:0-1000', seed=3)
    assert drawn.image_ids == select_coreset(bank, num_images=18, method='uniform', seed=3).image_ids


def test_a_range_that_cannot_be_met_is_refused(bank):
    with pytest.raises(UserError, match='No uniform draw of 18 images with 5000 to 6000 objects'):
        select_coreset(bank, num_images=18, method='count', method_options={'low': 5000, 'high': 6000})
