"""The methods from image classification, against brute force over the functions they optimise."""

import dataclasses

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.bank import ROW_DTYPE
from mmcsod.selection.methods import facility_location
from tests.test_selection.reference import cosine


def make_bank(presence, vectors):
    """Return a bank of images named by their index, whose classes are the true entries of (D, C) ``presence``."""
    labels, images = np.nonzero(np.asarray(presence).T)
    rows = np.ones(len(images), ROW_DTYPE)
    rows['image'], rows['label'] = images, labels
    return FeatureBank(
        vectors=np.ones((len(rows), 2), np.float32), rows=rows, images=tuple(f'{i:03}' for i in range(len(presence))),
        classes=tuple(str(c) for c in range(np.shape(presence)[1])), image_vectors=np.asarray(vectors, np.float32))


def random_bank(seed, num_images=40, num_classes=4, nonnegative=True):
    rng = np.random.default_rng(seed)
    presence = rng.random((num_images, num_classes)) < 0.35
    presence[np.arange(num_images), rng.integers(num_classes, size=num_images)] = True
    vectors = rng.normal(0.5, 1, (num_images, 5)).astype(np.float32)
    return presence, (np.abs(vectors) if nonnegative else vectors)


def brute_force(presence, vectors, num_images, value, included=()):
    """Pick, a class in turn, the first image x of the highest value(class, A + x), A the class's selected images."""
    selected, labels = list(included), []
    while len(selected) < min(num_images, len(presence)):
        for label in range(presence.shape[1]):
            members = [i for i in range(len(presence)) if presence[i, label]]
            left = [i for i in members if i not in selected]
            if left and len(selected) < num_images:
                chosen = [vectors[i] for i in members if i in selected]
                scores = [value(vectors[members], np.array([*chosen, vectors[i]], np.float64)) for i in left]
                selected.append(left[int(np.argmax(np.array(scores) >= max(scores) - 1e-10))])
                labels.append(label)
    return selected, labels


def nearness_of_means(members, chosen):
    return -np.linalg.norm(members.mean(axis=0) - chosen.mean(axis=0))


def distance_to_nearest_centre(members, chosen):
    return min(np.linalg.norm(chosen[-1] - other) for other in chosen[:-1])


def facility_location_value(members, chosen):
    return sum(max(cosine(member, other) for other in chosen) for member in members)


def graph_cut_value(lam):
    def value(members, chosen):
        between = sum(cosine(member, other) for member in members for other in chosen)
        return lam * between - sum(cosine(one, other) for one in chosen for other in chosen)
    return value


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize(('method', 'value', 'options'), [
    ('herding', nearness_of_means, {}),
    ('facility-location', facility_location_value, {}),
    ('graph-cut', graph_cut_value(0.3), {'lam': 0.3}),
    ('graph-cut', graph_cut_value(2.0), {'lam': 2.0}),
])
def test_equals_brute_force(method, value, options, seed):
    presence, vectors = random_bank(seed, nonnegative=seed % 2 == 0)
    coreset = select_coreset(make_bank(presence, vectors), num_images=23, method=method, include=['004'], **options)
    expected, labels = brute_force(presence, vectors.astype(np.float64), 23, value, included=[4])
    assert [int(image) for image in coreset.image_ids] == expected
    assert [pick.label for pick in coreset.picks[1:]] == labels


@pytest.mark.parametrize('lam', [0.02, 0.2, 1.0, 1e10])
def test_graph_cut_is_eq_4_with_another_lam(lam):
    vectors = np.random.default_rng(2).random((60, 8)).astype(np.float32)
    names = [f'{i:02}' for i in range(60)]
    bank = FeatureBank.from_arrays(vectors, names, np.zeros(60, int), ['cat'])
    bank = dataclasses.replace(bank, image_vectors=vectors)
    csod = select_coreset(bank, num_images=20, lam=lam)
    cut = select_coreset(bank, num_images=20, method='graph-cut', lam=2 * lam / (1 + lam))
    assert cut.image_ids == csod.image_ids


@pytest.mark.parametrize('seed', range(4))
def test_k_center_equals_brute_force_after_its_random_centres(seed):
    presence, vectors = random_bank(seed)
    presence[[0, 1, 2, 3]] = np.eye(4, dtype=bool)  # one included image a class: nothing is left to chance
    include = [f'{i:03}' for i in range(4)]
    coreset = select_coreset(make_bank(presence, vectors), num_images=23, method='k-center', include=include)
    expected, labels = brute_force(presence, vectors.astype(np.float64), 23, distance_to_nearest_centre, range(4))
    assert [int(image) for image in coreset.image_ids] == expected
    assert [pick.label for pick in coreset.picks[4:]] == labels


def test_herding_takes_the_nearest_not_the_farthest_by_hand():
    # Mean of 0, 1, 5, 10 is 4. Nearest to 4 is 5; to 2 * 4 - 5 = 3 of the rest is 1; to 3 * 4 - 6 = 6 it is 10.
    bank = make_bank(np.ones((4, 1), bool), [[0], [1], [5], [10]])
    assert select_coreset(bank, num_images=4, method='herding').image_ids == ['002', '001', '003', '000']


def test_k_center_by_hand():
    # From 1 the farthest of 0, 1, 4, 10 is 10; then 4 (3 from 1); 0 is last.
    bank = make_bank(np.ones((4, 1), bool), [[0], [1], [4], [10]])
    coreset = select_coreset(bank, num_images=4, method='k-center', include=['001'])
    assert coreset.image_ids == ['001', '003', '002', '000']


def test_k_center_draws_its_first_centre():
    presence, vectors = random_bank(0)
    bank = make_bank(presence, vectors)
    firsts = {select_coreset(bank, num_images=1, method='k-center', seed=seed).image_ids[0] for seed in range(30)}
    assert len(firsts) > 5
    again = [select_coreset(bank, num_images=20, method='k-center', seed=3).image_ids for _ in range(2)]
    assert again[0] == again[1]


def test_an_image_selected_at_another_turn_counts_in_every_class_it_shows():
    # The cats' mean is 1, so their turn takes 000 (1 is as far, but later). It is a dog too: of the dogs, mean 4,
    # two images average nearest to it with 003 (0 and 7: 3.5), and one alone would with 002 (5).
    bank = make_bank([[1, 1], [1, 0], [0, 1], [0, 1]], [[0], [2], [5], [7]])
    coreset = select_coreset(bank, num_images=2, method='herding')
    assert coreset.image_ids == ['000', '003']


def test_lazy_facility_location_equals_computing_every_gain(monkeypatch):
    rng = np.random.default_rng(5)
    centres = rng.random((12, 16))
    vectors = np.concatenate([centre + 0.05 * rng.random((60, 16)) for centre in centres])
    vectors[100] = vectors[7]
    vectors[200] = 0
    bank = make_bank(np.ones((len(vectors), 1), bool), vectors)
    monkeypatch.setattr(facility_location, 'BLOCK', 1)
    lazy = select_coreset(bank, num_images=40, method='facility-location').image_ids
    monkeypatch.setattr(facility_location, 'BLOCK', len(vectors))
    assert lazy == select_coreset(bank, num_images=40, method='facility-location').image_ids


@pytest.mark.parametrize('method', ['herding', 'k-center', 'facility-location', 'graph-cut'])
def test_refuses_a_bank_without_image_vectors(method):
    bank = FeatureBank.from_arrays(np.ones((3, 2), np.float32), ['a', 'b', 'c'], [0, 0, 0], ['cat'])
    with pytest.raises(UserError, match='no vectors of whole images'):
        select_coreset(bank, num_images=2, method=method)
    broken = dataclasses.replace(bank, image_vectors=np.array([[1.0], [np.nan], [2.0]]))
    with pytest.raises(UserError, match='The image vector of b'):
        select_coreset(broken, num_images=2, method=method)
