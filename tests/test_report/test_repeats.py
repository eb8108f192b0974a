import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.report import repeats
from mmcsod.report.repeats import find_repeats


def make_bank(vectors, labels=None, images=None):
    vectors = np.asarray(vectors, np.float32)
    images = images or [f'{i:03}' for i in range(len(vectors))]
    return FeatureBank.from_arrays(vectors, images, labels or [0] * len(vectors), ['x', 'y'])


def scenes(num_scenes, frames, noise, seed=0, offset=0.0):
    """Frames of some scenes in turn: frame 0 of every scene first."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(num_scenes, 16)) + offset
    return np.concatenate([centres + noise * rng.normal(size=centres.shape) for _ in range(frames)])


@pytest.mark.parametrize('block', [3, 512])
@pytest.mark.parametrize('offset', [0, 8])
def test_frames_of_one_scene_are_one_group_whatever_the_class_has_in_common(monkeypatch, block, offset):
    monkeypatch.setattr(repeats, 'BLOCK', block)
    groups = find_repeats(make_bank(scenes(20, 3, noise=0.05, offset=offset)))
    assert [group.tolist() for group in groups] == [[i, i + 20, i + 40] for i in range(20)]


def test_unlike_images_repeat_nothing():
    assert find_repeats(make_bank(scenes(60, 1, noise=0))) == []


def test_a_slow_pan_is_several_groups_each_near_its_first_image():
    angles = np.linspace(0, np.pi / 2, 40)
    groups = find_repeats(make_bank(np.stack([np.cos(angles), np.sin(angles)], axis=1)))
    assert len(groups) > 1
    assert sum(map(len, groups)) <= 40
    assert all(np.ptp(angles[group]) < 0.4 for group in groups)


def test_images_of_other_classes_are_no_repeats():
    vectors = np.concatenate([scenes(9, 1, 0), scenes(9, 1, 0)])
    bank = make_bank(vectors, labels=[0] * 9 + [1] * 9)
    assert find_repeats(bank) == []


def test_every_class_of_an_image_counts():
    """Two images alike in one class and unlike in the other."""
    x, y = scenes(12, 1, 0, seed=1), scenes(12, 1, 0, seed=2)
    x[11] = x[0]
    images = [f'{i:02}' for i in range(12)]
    assert find_repeats(make_bank(np.concatenate([x, y]), [0] * 12 + [1] * 12, images * 2)) == []
    y[11] = y[0]
    groups = find_repeats(make_bank(np.concatenate([x, y]), [0] * 12 + [1] * 12, images * 2))
    assert [group.tolist() for group in groups] == [[0, 11]]


def test_a_class_of_copies_is_one_group():
    assert [group.tolist() for group in find_repeats(make_bank(np.ones((5, 3))))] == [[0, 1, 2, 3, 4]]
