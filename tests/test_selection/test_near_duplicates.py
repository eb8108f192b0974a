from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank
from mmcsod.records.coreset import Coreset, Pick
from mmcsod.selection import near_duplicates as module
from mmcsod.selection.near_duplicates import find_clusters, near_duplicates, warn_of


def make_bank(vectors, labels=None, images=None):
    images = images or [f'{i:03}' for i in range(len(vectors))]
    return FeatureBank.from_arrays(np.asarray(vectors, np.float32), images, labels or [0] * len(images), ['x', 'y'])


def bank_of(angles, labels=None, images=None):
    angles = np.radians(angles)
    return make_bank(np.stack([np.cos(angles), np.sin(angles)], 1), labels, images or list('abcdefgh'[: len(angles)]))


def coreset_of(bank, images, method='csod'):
    return Coreset(tuple(map(Pick, images)), bank.classes, method)


def clusters_of(bank):
    return find_clusters(bank, range(len(bank.images)))


def pairs(bank, images):
    return [(found.image_id, found.earlier_id) for found in near_duplicates(bank, coreset_of(bank, images))]


def test_all_classes_must_be_near_and_the_same():
    # a and b are copies in x and far apart in y; c is a copy of a in both; d is one in x and shows no y.
    bank = bank_of([0, 0, 0, 0, 90, 0, 90, 0, 90], [0, 0, 0, 0, 0, 1, 1, 1, 1], list('abcde') + list('abce'))
    assert pairs(bank, 'abdc') == [('c', 'a')]


def pictures(*seeds):
    return np.stack([np.random.default_rng(seed).integers(0, 256, (32, 32), np.uint8) for seed in seeds])


def test_pixels_must_agree_too():
    bank = replace(bank_of([0, 0, 0, 90]), pixels=pictures(1, 2, 1, 1))
    assert pairs(bank, 'abcd') == [('c', 'a')]


def test_what_leads_in_the_coreset_leads_in_the_pool():
    """So the number of the warning is that of the clusters: selected images of a cluster, less its first."""
    bank = replace(make_bank(scenes(20, 4, noise=0.4)), pixels=pictures(*list(range(20)) * 4))
    coreset = coreset_of(bank, bank.images[70:5:-1])
    selected = {bank.image_index[image] for image in coreset.image_ids}
    again = sum(
        max(0, len(selected.intersection(cluster.tolist())) - 1) for cluster in module.pool_clusters(bank, coreset)
    )
    assert again == len(near_duplicates(bank, coreset)) > 5


def test_frames_of_one_scene_are_one_cluster_whatever_the_class_has_in_common(monkeypatch):
    monkeypatch.setattr(module, 'BLOCK', 3)
    clusters = clusters_of(make_bank(scenes(20, 3, noise=0.05, offset=8)))
    assert [cluster.tolist() for cluster in clusters] == [[i, i + 20, i + 40] for i in range(20)]


@pytest.mark.parametrize('block', [3, 512])
def test_a_large_pool_is_compared_with_the_selected_images_only(monkeypatch, block):
    monkeypatch.setattr(module, 'BLOCK', block)
    bank = make_bank(scenes(20, 4, noise=0.05))
    coreset = coreset_of(bank, [bank.images[image] for image in (47, 3, 23, 12, 5, 78)])
    every = module.pool_clusters(bank, coreset)
    monkeypatch.setattr(module, 'MOST_IMAGES', 10)
    selected = {bank.image_index[image] for image in coreset.image_ids}
    expected = [cluster.tolist() for cluster in every if cluster[0] in selected]
    assert [cluster.tolist() for cluster in module.pool_clusters(bank, coreset)] == expected
    assert len(every) == 20
    assert sorted(cluster[0] for cluster in expected) == [3, 5, 12, 47, 78]


def scenes(num_scenes, frames, noise, seed=0, offset=0.0):
    """Frames of some scenes in turn: frame 0 of every scene first."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(num_scenes, 16)) + offset
    return np.concatenate([centres + noise * rng.normal(size=centres.shape) for _ in range(frames)])


def test_the_warning_names_other_methods_unless_one_is_in_use():
    bank = replace(bank_of([0, 0, 90]), pixels=np.arange(3072).astype(np.uint8).reshape(3, 32, 32))
    bank.pixels[1] = bank.pixels[0]
    assert list(warn_of(bank, coreset_of(bank, 'ac'))) == []
    assert list(warn_of(bank, coreset_of(bank, 'cab'))) == [
        (
            '1 of 3 images are near-duplicates of an earlier selected image, first b of a. '
            'classwise-facility-location and csod-logdet select fewer.'
        )
    ]
    assert 'fewer' not in next(warn_of(bank, coreset_of(bank, 'cab', 'csod-logdet')))
    assert module.NO_PIXELS in next(warn_of(replace(bank, pixels=None), coreset_of(bank, 'ab')))


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('odd', [[np.nan, 1], [np.inf, 0], [0, 0], [1e251, 0]])
def test_a_vector_without_a_direction_is_near_nothing(odd):
    bank = bank_of([0, 0, 0, 90])
    assert pairs(replace(bank, image_vectors=np.array([odd, [1, 0], [1, 0], odd], float)), 'abcd') == [('c', 'b')]
    assert pairs(make_bank([[0, 0], [1, 0], [1, 0], [0, 0]], images=list('abcd')), 'abcd') == [('c', 'b')]


@given(
    data=st.data(),
    number=st.integers(2, 24),
    widest=st.sampled_from([90, 359]),
    block=st.sampled_from([1, 4, 512]),
    has_wholes=st.booleans(),
)
@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_clusters_are_those_of_the_definition(data, number, widest, block, has_wholes, monkeypatch):
    """Within 90 degrees many are near each other in a chain, as in a slow pan."""
    monkeypatch.setattr(module, 'BLOCK', block)
    angles = st.lists(st.integers(0, widest), min_size=number, max_size=number)
    names = [f'{image:02}' for image in range(number)]
    objects = data.draw(angles)
    bank, apart, near = bank_of(objects, images=names), _shares(objects), module.NEAR_BY_OBJECTS
    if has_wholes:
        wholes = data.draw(angles)
        bank, near = replace(bank, image_vectors=bank_of(wholes, images=names).vectors), module.NEAR
        apart = np.maximum(apart, _shares(wholes))
    assume(np.abs(apart - near).min() > 1e-4)
    leads = {}
    for image in range(number):
        leader = min((leader for leader in leads if apart[image, leader] <= near), default=image)
        leads.setdefault(leader, []).append(image)
    found = sorted(cluster.tolist() for cluster in clusters_of(bank))
    assert found == sorted(led for led in leads.values() if len(led) > 1)


def _shares(degrees):
    """Return 1 - cos over its mean over two images."""
    angles = np.radians(degrees)
    apart = 1 - np.cos(angles[:, None] - angles)
    mean = apart[~np.eye(len(apart), dtype=bool)].mean()
    return apart / mean if mean > 1e-9 else 0 * apart


@pytest.mark.parametrize('spread', [1, 1e-2, 1e-4])
def test_vectors_that_are_all_much_alike_are_told_apart_as_well(spread):
    vectors = (1 + spread * np.random.default_rng(0).normal(size=(200, 64))).astype(np.float32)
    vectors[150] = vectors[20]
    for bank in (make_bank(vectors), replace(make_bank(vectors), image_vectors=vectors)):
        assert [cluster.tolist() for cluster in clusters_of(bank)] == [[20, 150]]
