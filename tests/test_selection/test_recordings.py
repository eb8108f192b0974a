from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.selection import method_names
from mmcsod.selection.recordings import find_recordings, propose_group
from tests.test_selection.banks import make_bank

METHODS = [{'count': 'count:1-999'}.get(name, name) for name in method_names() if name != 'csod-objectwise']


def recorded_bank(seed=0, num_recordings=6, num_images=40):
    rng = np.random.default_rng(seed)
    bank = make_bank(num_images=num_images, seed=seed)
    names = tuple(f'r{number}' for number in rng.integers(0, num_recordings, num_images))
    return replace(bank, recordings=names, image_vectors=rng.normal(size=(num_images, 5)))


def counts(bank, images):
    return Counter(bank.recordings[bank.image_index[image]] for image in images)


@pytest.mark.parametrize('method', METHODS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(seed=st.integers(0, 99), most=st.integers(1, 3), number=st.integers(5, 40))
def test_at_most_so_many_of_a_recording_and_the_exhausted_follow(method, seed, most, number):
    bank, few_looks = recorded_bank(seed), {'samples': 200} if method == 'zcore' else {}
    images = select_coreset(bank, number, method=method, method_options=few_looks, per_group=most, lam=0.1).image_ids
    pool = {bank.images[image] for image in np.unique(bank.rows['image'])}
    room = sum(min(most, count) for count in counts(bank, pool).values())
    assert len(images) == len(set(images)) == min(number, len(pool))
    assert max(counts(bank, images[:room]).values()) <= most


def naive(bank, number, lam, most):
    """Eq. 4 by double sums on unit rows; rows of an exhausted recording stay in the sums and are not selected."""
    units = bank.vectors.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    images, selected = bank.rows['image'], []
    while len(selected) < number:
        for label in range(len(bank.classes)):
            rows = np.flatnonzero(bank.labels == label)
            taken = np.isin(images[rows], selected)
            used = Counter(bank.recordings[image] for image in selected)
            scores = units[rows] @ (lam * units[rows[~taken]].sum(axis=0) - units[rows[taken]].sum(axis=0))
            may = ~taken & np.array([used[bank.recordings[image]] < most for image in images[rows]])
            if may.any() and len(selected) < number:
                selected.append(int(images[rows[np.argmax(np.where(may, scores, -np.inf))]]))
    return [bank.images[image] for image in selected]


@pytest.mark.parametrize('kernel', ['numpy', 'torch', 'faiss'])
def test_vectors_of_exhausted_recordings_count_in_the_sums(kernel):
    bank = recorded_bank()
    assert select_coreset(bank, 11, lam=0.3, per_group=2, kernel=kernel).image_ids == naive(bank, 11, 0.3, 2)


def test_prefixes_classes_and_included_images_keep_working():
    bank = recorded_bank()
    large = select_coreset(bank, 30, lam=0.1, per_group=2)
    assert select_coreset(bank, 9, lam=0.1, per_group=2).picks == large.prefix(9).picks
    first = [image for image in bank.images if counts(bank, [image])['r0']][:3]
    grown = select_coreset(bank, 9, per_group=2, include=first, classes=['class 1', 'class 2'])
    assert grown.image_ids[:3] == first
    assert counts(bank, grown.image_ids)['r0'] == 3
    assert grown.parameters['per_group'] == 2


def test_a_recording_is_a_field_of_the_bank_or_a_part_of_the_image_id(tmp_path):
    bank = recorded_bank()
    bank.save(tmp_path / 'features')
    loaded = FeatureBank.load(tmp_path / 'features')
    assert loaded.recordings == bank.recordings == find_recordings(loaded, None) == find_recordings(loaded, 'clip')
    assert find_recordings(bank, r'^(\d)')[:11] == ('0',) * 11
    assert find_recordings(bank, '^(00)')[9:12] == ('00', '', '')
    coreset = select_coreset(bank, 4, group=r'(\d)\.jpg', per_group=1, lam=0.1)
    assert len({image[2] for image in coreset.image_ids}) == 4
    assert coreset.parameters['group'] == r'(\d)\.jpg'


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'per_group': 0}, 'per_group is 0'),
        ({'per_group': 2}, 'does not know the recordings of its images'),
        ({'group': 'clip'}, "does not know the recordings of its images, and --group is 'clip'"),
        ({'group': '(a'}, 'which is not a pattern'),
        ({'group': '(a)(b)'}, 'has 2 groups in brackets'),
        ({'group': 'x(.)'}, "fits no image, '000.jpg' for example"),
    ],
)
def test_recordings_that_cannot_be_found_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        select_coreset(make_bank(), 5, **options)


def test_names_that_look_like_frames_are_noticed():
    frames = [f'{clip}/{frame:06}.jpg' for clip in ('a', 'b') for frame in range(0, 90, 10)]
    assert propose_group(frames) == r'(.*\D)\d+\.'
    assert propose_group([f'cam{clip}_{frame}.png' for clip in (1, 2, 3) for frame in range(20)]) is not None
    assert propose_group([f'{number:012}.jpg' for number in range(50)]) is None
    assert propose_group([f'2007_{number:06}.jpg' for number in range(50)]) is None
    irregular = np.random.default_rng(0).choice(9000, (2, 60), replace=False)
    assert propose_group([f'{2008 + year}_{n:06}.jpg' for year in (0, 1) for n in irregular[year]]) is None
