from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation
from tests.test_selection.banks import make_bank

ROTATING = ['csod', 'csod-logdet', 'classwise-facility-location', 'classwise-k-means', 'uniform', 'max', 'count:0-999']


def sizes_bank(*sizes):
    """One class of each size, one row an image."""
    labels = np.repeat(np.arange(len(sizes)), sizes)
    vectors = np.random.default_rng(0).normal(size=(len(labels), 8)).astype(np.float32)
    return FeatureBank.from_arrays(vectors, [f'{i:03}' for i in range(len(labels))], labels, 'abcdef'[: len(sizes)])


def turns_of(coreset):
    return ''.join(coreset.classes[pick.label] for pick in coreset.picks)


@pytest.mark.parametrize('method', ROTATING)
def test_turns_by_hand(method):
    bank = sizes_bank(36, 9, 4)  # square roots 6, 3, 2
    assert turns_of(select_coreset(bank, 6, method=method, turns='equal')) == 'abcabc'
    assert turns_of(select_coreset(bank, 11, method=method, turns='sqrt')) == 'abcaaabaabc'
    assert turns_of(select_coreset(bank, 9, method=method, turns='proportional')) == 'abcaaaaaa'
    assert turns_of(select_coreset(bank, 8, method=method, turns='b=2,c=0.5')) == 'abcbbabb'


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(0, 12), min_size=1, max_size=5).filter(any),
    weights=st.lists(st.floats(0.1, 10), min_size=5, max_size=5),
)
def test_each_class_is_next_once_then_the_one_with_the_smallest_turns_plus_one_over_its_weight(sizes, weights):
    pool = Pool(sizes_bank(*sizes), range(len(sizes)))
    rotation = Rotation(pool, (), np.array(weights[: len(sizes)]))
    left, turns = Counter(dict(enumerate(sizes))), Counter()
    for label in rotation:
        open_ = [each for each in range(len(sizes)) if left[each]]
        assert label == min(open_, key=lambda each: (turns[each] and (turns[each] + 1) / weights[each], each))
        rotation.take(int(rotation.candidates(label)[0]))
        left[label] -= 1
        turns[label] += 1
    assert not any(left.values())


def test_turns_are_recorded_and_nested():
    bank = make_bank(num_images=60)
    large = select_coreset(bank, 24, lam=0.1, turns='sqrt')
    assert large.parameters['turns'] == 'sqrt'
    assert large.prefix(10).picks == select_coreset(bank, 10, lam=0.1, turns='sqrt').picks
    given = select_coreset(bank, 9, turns={'class 1': 3})
    assert given.parameters['turns'] == {'class 1': 3.0}
    assert given == select_coreset(bank, 9, turns='class 1=3')
    assert select_coreset(bank, 9).parameters['turns'] == 'proportional'
    assert 'turns' not in select_coreset(bank, 9, method='csod').parameters


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99), first=st.integers(1, 25), turns=st.sampled_from(['sqrt', 'proportional', 'class 1=3']))
def test_including_a_coreset_goes_on_where_it_ended(seed, first, turns):
    bank = make_bank(num_images=40, seed=seed)
    whole = select_coreset(bank, 30, turns=turns)
    assert select_coreset(bank, 30, turns=turns, include=whole.image_ids[:first]).image_ids == whole.image_ids


@pytest.mark.parametrize('turns', ['often', 'class 1=0', 'class 1=-2', 'class 1=x', '=3', {'class 1': None}])
def test_turns_that_are_none_are_refused(turns):
    with pytest.raises(UserError, match='give equal, sqrt, proportional, or weights above 0'):
        select_coreset(make_bank(), 5, turns=turns)
    with pytest.raises(UserError, match="no class 'dog' in the bank"):
        select_coreset(make_bank(), 5, turns='dog=2')
