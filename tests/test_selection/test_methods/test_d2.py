import numpy as np
import pytest

from mmcsod import select_coreset
from tests.test_selection.banks import class_bank


def test_three_rows_by_hand():
    # Rows (1, 0), (0.8, 0.6), (0, 1): q = 0.6, 0.8, 1.6 / 3, difficulty 0.4, 0.2, 0.4667. All are neighbours,
    # with weights exp(2 cos - 2) = 0.6703 for cos 0.8, 0.4493 for 0.6, 0.1353 for 0.
    first, second, third = (
        0.4 + 0.6703 * 0.2 + 0.1353 * 0.4667,
        0.2 + 0.6703 * 0.4 + 0.4493 * 0.4667,
        0.4667 + 0.4493 * 0.2 + 0.1353 * 0.4,
    )
    assert second > third > first
    coreset = select_coreset(class_bank(np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)), num_images=3, method='d2')
    # The second takes 0.6703 of its score from the first and 0.4493 of it from the third.
    assert coreset.image_ids == ['00001', '00002', '00000']
    assert [pick.score for pick in coreset.picks[:2]] == pytest.approx([second, third - 0.4493 * second], abs=1e-3)
