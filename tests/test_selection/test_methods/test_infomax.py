import numpy as np
import pytest

from mmcsod import select_coreset
from mmcsod.selection.methods import infomax as module
from mmcsod.selection.methods.infomax import scaled
from tests.test_selection.banks import class_bank


def test_scaled_by_hand():
    assert scaled(np.array([2.0, 3, 6])).tolist() == [0, 0.25, 1]
    assert scaled(np.array([2.0, 2])).tolist() == [0, 0]
    assert scaled(np.array([2.0, 2 + 1e-9])).tolist() == [0, 0]
    assert scaled(np.empty(0)).tolist() == []


def test_three_rows_by_hand():
    # Rows (1, 0), (0.8, 0.6), (0, 1): difficulty 0.4, 0.2, 0.4667 is 0.75, 0, 1 of 0..1. The third is first; of the
    # second it then takes 2 * 0.3 * 0.6 = 0.36, of the first nothing.
    bank = class_bank(np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32))
    coreset = select_coreset(bank, num_images=3, method='infomax')
    assert coreset.image_ids == ['00002', '00000', '00001']
    assert [pick.score for pick in coreset.picks] == pytest.approx([1, 0.75, -0.36 - 0.6 * 0.8], abs=1e-6)


def test_a_neighbour_of_one_is_a_neighbour_of_both(monkeypatch):
    # Rows at 0, 30, 40 and -31 degrees, each with its one nearest. The last is the most difficult, then the third, the
    # second and the first. The second's nearest is the third, but the first's is the second: so it loses by it too.
    monkeypatch.setattr(module, 'NEIGHBOURS', 1)
    angles = np.radians([0, 30, 40, -31])
    bank = class_bank(np.stack([np.cos(angles), np.sin(angles)], 1))
    coreset = select_coreset(bank, num_images=4, method='infomax')
    gains = scaled(1 - np.cos(angles[:, None] - angles).mean(axis=1))
    lost = 0.6 * np.cos(np.radians([31 + 0, 40 - 30, 30 - 0]))
    assert coreset.image_ids == ['00003', '00002', '00001', '00000']
    assert [pick.score for pick in coreset.picks] == pytest.approx(
        [1, gains[2], gains[1] - lost[1], gains[0] - lost[0] - lost[2]], abs=1e-6
    )


def test_rows_equally_difficult_are_taken_in_the_dataset_s_order():
    rng = np.random.default_rng(0)
    for _ in range(50):
        bank = class_bank(np.abs(rng.normal(1, 1, (2, 7))).astype(np.float32))
        assert select_coreset(bank, num_images=2, method='infomax').image_ids == ['00000', '00001']
