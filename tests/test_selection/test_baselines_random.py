import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset

CLASSES = ['cat', 'dog', 'owl']


def make_bank(presence, counts=None):
    """Return a bank of images named by their index, whose classes are the true entries of (D, C) ``presence``."""
    images, labels = np.nonzero(np.asarray(presence))
    order = np.argsort(labels, kind='stable')
    vectors = np.ones((len(images), 2), np.float32)
    bank = FeatureBank.from_arrays(vectors, images[order].astype(str), labels[order], CLASSES)
    if counts is not None:
        bank.rows['count'] = [counts[int(image)] for image in bank.image_ids]
    return bank


@pytest.fixture
def bank():
    presence = np.zeros((60, 3), bool)
    presence[:40, 0] = True
    presence[30:55, 1] = True
    presence[50:, 2] = True
    return make_bank(presence)


def turns(coreset, label):
    return [pick for pick in coreset.picks if pick.label == label]


def test_uniform_gives_every_class_the_same_number_of_turns(bank):
    coreset = select_coreset(bank, num_images=21, method='uniform', seed=4)
    assert [pick.label for pick in coreset.picks] == [0, 1, 2] * 7
    assert len(set(coreset.image_ids)) == 21
    shows = {(str(image), int(label)) for image, label in zip(bank.image_ids, bank.labels, strict=True)}
    assert {(pick.image_id, pick.label) for pick in coreset.picks} <= shows


def test_uniform_draws_each_candidate_equally_often(bank):
    # A class's first turn at the start of the rotation: 40 cats, 2,000 draws, expected 50 each, sd 7.
    firsts = [select_coreset(bank, num_images=1, method='uniform', seed=seed).image_ids[0] for seed in range(2000)]
    counts = np.bincount(np.array(firsts, int), minlength=60)
    assert counts[:40].min() > 50 - 5 * 7 and counts[:40].max() < 50 + 5 * 7
    assert counts[40:].sum() == 0


def test_a_seed_repeats_exactly_and_another_differs(bank):
    first, again, other = (select_coreset(bank, num_images=20, method='uniform', seed=seed) for seed in (7, 7, 8))
    assert first.image_ids == again.image_ids != other.image_ids
    assert first.parameters['seed'] == 7
