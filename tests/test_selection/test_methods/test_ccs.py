import numpy as np

from mmcsod import select_coreset
from mmcsod.selection.methods.ccs import STRATA, strata
from tests.test_selection.banks import class_bank


def test_strata_by_hand():
    difficulty = np.array([0.0, 0.01, 0.5, 0.99, 1.0, 7.0])
    kept = np.array([True] * 5 + [False])
    assert strata(difficulty, kept).tolist() == [0, 0, 25, 49, 49, STRATA - 1]


def test_draws_from_all_degrees_of_difficulty_and_from_the_hardest_last():
    # Twenty rows: 16 at 0 degrees in one stratum, one each at 30 and 40, and two at 90, which the cut of a tenth takes.
    angles = np.radians([0] * 16 + [30, 40, 90, 90])
    bank = class_bank(np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32))
    for seed in range(5):
        picks = [int(image) for image in select_coreset(bank, num_images=20, method='ccs', seed=seed).image_ids]
        assert {16, 17} <= set(picks[:3])
        assert set(picks[18:]) == {18, 19}
