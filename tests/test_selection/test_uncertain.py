"""Only images that the detector is uncertain of are selected, a share of each class."""

from dataclasses import replace

import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from mmcsod.records.bank import SCORE_DTYPE
from mmcsod.selection.pool import Pool
from mmcsod.selection.uncertain import certain_images, entropy, margin
from mmcsod.util.errors import UserError


@pytest.fixture
def bank():
    """Twenty images of class 0 with one prediction each, of scores from 0.5 to 1, and four of class 1, all sure."""
    vectors = np.random.default_rng(0).normal(size=(24, 5))
    plain = FeatureBank.from_arrays(vectors, [f'{n:02}.jpg' for n in range(24)], [0] * 20 + [1] * 4, ['a', 'b'])
    scores = np.zeros(24, SCORE_DTYPE)
    scores['image'], scores['label'] = np.arange(24), plain.labels
    scores['score'] = [*np.linspace(0.5, 1, 20), *[0.99, 0.98, 0.97, 0.96]]
    return replace(plain, prediction_scores=scores)


def test_measures_are_those_of_two_outcomes():
    scores = np.array([0.0, 0.11, 0.5, 0.89, 1.0])
    np.testing.assert_allclose(entropy(scores), [0, 0.49992, 1, 0.49992, 0], atol=1e-5)
    np.testing.assert_allclose(margin(scores), [0, 0.22, 1, 0.22, 0], atol=1e-12)


@pytest.mark.parametrize('measure', ['entropy', 'margin'])
@pytest.mark.parametrize('method', ['csod', 'classwise-facility-location', 'uniform'])
def test_each_class_selects_among_its_share_of_the_least_certain(bank, measure, method):
    coreset = select_coreset(bank, 3, method=method, uncertain=measure)
    candidates = {*(f'{n:02}.jpg' for n in range(10)), '22.jpg', '23.jpg'}  # 4 * 3 / 24 of each class
    assert set(coreset.image_ids) <= candidates
    assert any(image in coreset.image_ids for image in ('22.jpg', '23.jpg'))
    assert (coreset.parameters['uncertain'], coreset.parameters['num_pool']) == (measure, 12)


def test_included_images_stay_and_do_not_count(bank):
    """One new image: four candidates of the 23 others, so 4 of class 0 and 1 of class 1."""
    coreset = select_coreset(bank, 2, include=['19.jpg'], uncertain='entropy')
    assert coreset.image_ids[0] == '19.jpg'
    assert coreset.image_ids[1] in {'00.jpg', '01.jpg', '02.jpg', '03.jpg', '23.jpg'}


def test_an_image_counts_by_the_sum_of_its_predictions(bank):
    """Forty predictions that are almost certain are together more in doubt than one of 0.5."""
    crowd = np.repeat(bank.prediction_scores[18:19], 40)
    crowded = replace(bank, prediction_scores=np.concatenate([bank.prediction_scores, crowd]))
    assert 18 in certain_images(Pool(bank, [0]), (), 1, 'margin')
    assert certain_images(Pool(crowded, [0]), (), 1, 'margin') == frozenset(range(3, 20)) - {18}


def test_a_budget_of_all_leaves_nothing_out(bank):
    plain, uncertain = (select_coreset(bank, 24, uncertain=measure).image_ids for measure in (None, 'entropy'))
    assert plain == uncertain


def test_what_does_not_go_is_one_sentence(bank):
    with pytest.raises(UserError, match="uncertain is 'doubt'; give one of entropy, margin"):
        select_coreset(bank, 3, uncertain='doubt')
    with pytest.raises(UserError, match='holds no scores of predictions'):
        select_coreset(replace(bank, prediction_scores=None), 3, uncertain='entropy')
