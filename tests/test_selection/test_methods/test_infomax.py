import numpy as np
import pytest

from mmcsod import select_coreset
from mmcsod.selection.methods.infomax import scaled
from tests.test_selection.banks import class_bank


def test_scaled_by_hand():
    assert scaled(np.array([2.0, 3, 6])).tolist() == [0, 0.25, 1]
    assert scaled(np.array([2.0, 2])).tolist() == [0, 0]
    assert scaled(np.empty(0)).tolist() == []


def test_three_rows_by_hand():
    # Rows (1, 0), (0.8, 0.6), (0, 1): difficulty 0.4, 0.2, 0.4667 is 0.75, 0, 1 of 0..1. The third is first; of the
    # second it then takes 2 * 0.3 * 0.6 = 0.36, of the first nothing.
    bank = class_bank(np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32))
    coreset = select_coreset(bank, num_images=3, method='infomax')
    assert coreset.image_ids == ['00002', '00000', '00001']
    assert [pick.score for pick in coreset.picks] == pytest.approx([1, 0.75, -0.36 - 0.6 * 0.8], abs=1e-6)
