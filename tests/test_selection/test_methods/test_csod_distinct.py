import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset


def bank_of(vectors, labels=None):
    vectors = np.asarray(vectors, np.float32)
    labels = [0] * len(vectors) if labels is None else labels
    return FeatureBank.from_arrays(vectors, [f'{i:02}' for i in range(len(vectors))], labels, ['x', 'y'])


def scenes(number, frames, seed=0):
    """Frames of unlike scenes: image i shows scene i modulo their number."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(number, 24))
    return np.concatenate([centres + 0.01 * rng.normal(size=centres.shape) for _ in range(frames)])


def test_every_scene_is_shown_before_any_twice():
    bank = bank_of(scenes(10, 3))
    picks = [int(image) % 10 for image in select_coreset(bank, num_images=30, method='csod-distinct').image_ids]
    assert sorted(picks[:10]) == list(range(10))
    assert len(set(select_coreset(bank, num_images=30, method='csod-distinct').image_ids)) == 30


@pytest.mark.parametrize('seed', range(5))
def test_where_nothing_repeats_it_is_csod(seed):
    rng = np.random.default_rng(seed)
    bank = bank_of(rng.normal(size=(40, 16)), rng.integers(0, 2, 40).tolist())
    for number in (4, 40):
        assert (
            select_coreset(bank, num_images=number, method='csod-distinct', lam=0.3).picks
            == select_coreset(bank, num_images=number, method='csod', lam=0.3).picks
        )


def test_by_hand_it_is_csod_on_the_first_frames_then_on_the_others():
    bank = bank_of(scenes(6, 2))
    firsts, others = [f'{i:02}' for i in range(6)], [f'{i:02}' for i in range(6, 12)]
    picks = select_coreset(bank, num_images=12, method='csod-distinct', lam=0.3).picks
    assert picks[:6] == select_coreset(bank, num_images=6, exclude=others, lam=0.3).picks
    assert picks[6:] == select_coreset(bank, num_images=12, include=[p.image_id for p in picks[:6]], lam=0.3).picks[6:]
    assert {pick.image_id for pick in picks[:6]} == set(firsts)


def test_an_included_image_stands_for_its_scene():
    bank = bank_of(scenes(6, 3))
    chosen = select_coreset(bank, num_images=6, method='csod-distinct', include=['07']).image_ids
    assert chosen[0] == '07'
    assert sorted(int(image) % 6 for image in chosen) == list(range(6))


def test_an_excluded_image_stands_for_nothing():
    bank = bank_of(scenes(6, 2))
    chosen = select_coreset(bank, num_images=6, method='csod-distinct', exclude=['00', '01']).image_ids
    assert sorted(int(image) % 6 for image in chosen) == list(range(6))
    assert not {'00', '01'} & set(chosen)
