import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.methods import classwise_facility_location as module
from tests.test_selection.banks import class_bank, random_banks
from tests.test_selection.naive_rules import facility_location

METHOD = 'classwise-facility-location'


@settings(max_examples=60, deadline=None, derandomize=True)
@given(bank=random_banks(), num_images=st.integers(1, 12))
def test_equals_the_formula(bank, num_images):
    assert select_coreset(bank, num_images=num_images, method=METHOD).image_ids == facility_location(bank, num_images)


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_blocks_and_float32_change_no_pick(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    vectors = np.abs(rng.normal(1, 1, (90, 12)))
    vectors[1::3] = vectors[:-1:3] * (1 + rng.integers(-1, 2, (30, 12)) * 2.0**-22)
    bank = class_bank(vectors.astype(dtype))
    monkeypatch.setattr(module, 'FEW', 4)
    monkeypatch.setattr(module, 'LARGEST_BLOCK', 16)
    assert select_coreset(bank, num_images=8, method=METHOD).image_ids == facility_location(bank, 8)


def test_by_hand():
    # Rows at 0, 10, 20 and 90 degrees: the third is nearest to all (3.27 in all), then the last, whose
    # cosine to the third is that of 70 degrees.
    angles = np.radians([0, 10, 20, 90])
    bank = FeatureBank.from_arrays(np.stack([np.cos(angles), np.sin(angles)], 1), list('abcd'), [0] * 4, ['x'])
    coreset = select_coreset(bank, num_images=2, method=METHOD)
    assert coreset.image_ids == ['c', 'd']
    assert coreset.picks[1].score == pytest.approx(1 - np.cos(np.radians(70)), abs=1e-6)


@pytest.mark.parametrize('noise', [0, 1e-6, 1e-4])
def test_copies_are_looked_at_once(noise, monkeypatch):
    rng = np.random.default_rng(0)
    scenes = np.abs(rng.normal(1, 0.5, (5, 8)))[np.arange(60) % 5]
    bank = class_bank((scenes * (1 + noise * rng.normal(size=scenes.shape))).astype(np.float32))
    computed = []
    exact = module.FacilityLocation._exact_gains

    def counting(self, rows):
        computed.extend(rows.tolist())
        return exact(self, rows)

    monkeypatch.setattr(module.FacilityLocation, '_exact_gains', counting)
    monkeypatch.setattr(module, 'FEW', 4)
    coreset = select_coreset(bank, num_images=14, method=METHOD)
    assert coreset.image_ids == facility_location(bank, 14)
    assert len(computed) < 3 * 60  # and not 60 at each of 10 turns
