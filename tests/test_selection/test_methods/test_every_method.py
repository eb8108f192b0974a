"""What holds for every method that is registered, whatever it picks by."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmcsod
from mmcsod.records.bank import OBJECT_DTYPE
from mmcsod.selection import method_names
from mmcsod.selection.registry import get_method
from tests.test_selection.banks import presence_bank, random_banks

METHODS = [{'count': 'count:1-99'}.get(name, name) for name in method_names()]


def select_coreset(bank, num_images, method, **options):
    """Select; zcore, which is slow, with few looks."""
    settings_of_method = {'samples': 200} if method == 'zcore' else {}
    return mmcsod.select_coreset(bank, num_images, method=method, method_options=settings_of_method, **options)


@st.composite
def full_banks(draw):
    """Return a bank that every method can select from; some classes have no rows."""
    bank = draw(random_banks())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    objects = np.zeros(len(bank), OBJECT_DTYPE)
    objects['image'], objects['label'] = bank.rows['image'], bank.rows['label']
    objects['box'][:, 2:] = rng.uniform(1, 50, (len(bank), 2))
    objects['area'] = objects['box'][:, 2] * objects['box'][:, 3]
    wholes = rng.normal(size=(len(bank.images), 3)).astype(np.float32)
    return replace(bank, image_vectors=wholes, objects=objects, object_vectors=bank.vectors)


@pytest.mark.parametrize('method', METHODS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(bank=full_banks(), num_images=st.integers(1, 20), data=st.data())
def test_as_many_images_as_there_are_each_once_and_none_that_is_excluded(method, bank, num_images, data):
    there = [bank.images[image] for image in np.unique(bank.rows['image'])]
    excluded = data.draw(st.sets(st.sampled_from(there), max_size=len(there) - 1)) if len(there) > 1 else set()
    included = data.draw(st.lists(st.sampled_from(sorted(set(there) - excluded)), max_size=num_images, unique=True))
    coreset = select_coreset(bank, num_images, method=method, include=included, exclude=sorted(excluded))
    images = coreset.image_ids
    assert len(images) == len(set(images)) == min(num_images, len(there) - len(excluded))
    assert images[: len(included)] == included
    assert all(pick.label is None and pick.score is None for pick in coreset.picks[: len(included)])
    assert not excluded & set(images)


@pytest.mark.parametrize('method', [method for method in METHODS if 'seed' in get_method(method).uses])
def test_a_seed_repeats_exactly_and_another_differs(method):
    bank = presence_bank(np.ones((60, 1)), np.random.default_rng(0).normal(size=(60, 3)))
    bank = replace(bank, vectors=bank.image_vectors)
    first, again, other = (select_coreset(bank, 20, method=method, seed=seed) for seed in (7, 7, 8))
    assert first.picks == again.picks
    assert first.image_ids != other.image_ids
    assert first.parameters['seed'] == 7
    assert first.method == method.partition(':')[0]


@pytest.mark.parametrize('method', [method for method in METHODS if get_method(method).nested])
@settings(max_examples=3, deadline=None, derandomize=True)
@given(bank=full_banks(), number=st.integers(1, 10))
def test_the_first_picks_are_those_of_a_smaller_budget(method, bank, number):
    lam = 0.1 if 'lam' in get_method(method).uses else 'auto'
    small, large = (select_coreset(bank, size, method=method, lam=lam) for size in (number, 14))
    assert small.picks == large.picks[: len(small)]
