"""The methods on vectors of whole images, against brute force over the function that each of them optimises."""

import dataclasses

import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from mmcsod.selection.methods import facility_location
from tests.test_selection.banks import class_bank, presence_bank
from tests.test_selection.naive_rules import class_round_robin, unit


def cosines(ones, others):
    return np.array([unit(one) for one in ones]) @ np.array([unit(other) for other in others]).T


def coverage(members, chosen):
    return cosines(members, chosen).max(axis=1).sum()


def cut(lam):
    return lambda members, chosen: lam * cosines(members, chosen).sum() - cosines(chosen, chosen).sum()


def nearness_of_means(members, chosen):
    return -np.linalg.norm(members.mean(axis=0) - chosen.mean(axis=0))


def distance_to_nearest_centre(members, chosen):
    return np.linalg.norm(chosen[:-1] - chosen[-1], axis=1).min()


def brute_force(presence, vectors, num_images, value, included):
    """Pick, a class in turn, the first image x of the highest value(class, A + x), A the class's selected images."""
    labels, images = np.nonzero(presence.T)

    def best_of(whole, left, chosen):
        of_class = vectors[images[whole]]
        scores = np.array([value(of_class, vectors[images[[*chosen, i]]]) for i in left])
        return left[int(np.argmax(scores >= max(scores) - 1e-10))]

    picks = class_round_robin(images.tolist(), labels, presence.shape[1], num_images, best_of, included)
    return [(str(images[row]), label) for row, label in picks]


@pytest.mark.parametrize(
    ('method', 'options', 'value'),
    [
        ('facility-location', {}, coverage),
        ('graph-cut', {'lam': 0.3}, cut(0.3)),
        ('graph-cut', {'lam': 2.0}, cut(2.0)),
        ('herding', {}, nearness_of_means),
        ('k-center', {}, distance_to_nearest_centre),
    ],
)
@pytest.mark.parametrize('seed', range(4))
def test_each_equals_brute_force(method, options, value, seed, monkeypatch):
    monkeypatch.setattr(facility_location, 'BLOCK', [1, 256][seed % 2])
    rng = np.random.default_rng(seed)
    presence = rng.random((40, 4)) < 0.35
    presence[:4] = np.eye(4)  # an included image a class: nothing of k-center is left to chance
    presence[4:, 0] |= ~presence[4:].any(axis=1)
    vectors = rng.normal(0.5, 1, (40, 5)).astype(np.float32)
    vectors[7], vectors[8] = 0, vectors[9]
    bank = presence_bank(presence, np.abs(vectors) if seed % 2 else vectors)
    coreset = select_coreset(bank, 24, method=method, include=bank.images[:5], **options)
    expected = brute_force(presence, bank.image_vectors.astype(np.float64), 24, value, range(5))
    assert [(pick.image_id, pick.label) for pick in coreset.picks[5:]] == expected


@pytest.mark.parametrize('lam', [0.02, 1.0, 1e10])
def test_graph_cut_is_eq_4_with_another_lam(lam):
    bank = class_bank(np.random.default_rng(2).random((60, 8)).astype(np.float32))
    bank = dataclasses.replace(bank, image_vectors=bank.vectors)
    cut = select_coreset(bank, 20, method='graph-cut', lam=2 * lam / (1 + lam))
    assert cut.image_ids == select_coreset(bank, 20, lam=lam).image_ids


def test_k_center_draws_its_first_centre():
    bank = presence_bank(np.ones((20, 1)), np.ones((20, 1)))
    assert len({select_coreset(bank, 1, method='k-center', seed=seed).image_ids[0] for seed in range(20)}) > 5


def test_refuses_a_bank_without_image_vectors_and_names_a_bad_one():
    bank = presence_bank(np.ones((3, 1)))
    with pytest.raises(UserError, match='no vectors of whole images'):
        select_coreset(bank, 2, method='herding')
    with pytest.raises(UserError, match='The image vector of 1'):
        select_coreset(dataclasses.replace(bank, image_vectors=np.array([[1.0], [np.nan], [2.0]])), 2, method='herding')
