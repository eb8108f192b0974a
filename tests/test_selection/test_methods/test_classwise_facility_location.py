import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.selection.allowance import parse_size
from mmcsod.selection.kernels import similarities
from mmcsod.selection.methods import classwise_facility_location as module
from mmcsod.selection.options import SelectionOptions
from tests.test_selection.banks import class_bank, random_banks
from tests.test_selection.naive_rules import facility_location
from tests.test_selection.test_select import make_bank

METHOD = 'classwise-facility-location'


@settings(max_examples=60, deadline=None, derandomize=True)
@given(bank=random_banks(), num_images=st.integers(1, 12), memory=st.sampled_from([0, 300, '1GB']))
def test_equals_the_formula_whatever_is_kept(bank, num_images, memory):
    coreset = select_coreset(bank, num_images=num_images, method=METHOD, turns='equal', memory=memory)
    assert coreset.image_ids == facility_location(bank, num_images)
    assert coreset == select_coreset(
        bank, num_images=num_images, method=METHOD, turns='equal'
    )  # scores to the last bit


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_blocks_and_float32_change_no_pick(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    vectors = np.abs(rng.normal(1, 1, (90, 12)))
    vectors[1::3] = vectors[:-1:3] * (1 + rng.integers(-1, 2, (30, 12)) * 2.0**-22)
    bank = class_bank(vectors.astype(dtype))
    monkeypatch.setattr(module, 'FEW', 4)
    monkeypatch.setattr(similarities, 'READ', 200)
    monkeypatch.setattr(similarities, 'COMPUTED', 300)
    monkeypatch.setattr(similarities, 'CONVERTED', 100)
    for memory in (0, '1GB'):
        coreset = select_coreset(bank, num_images=8, method=METHOD, memory=memory)
        assert coreset.image_ids == facility_location(bank, 8)


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


@pytest.mark.parametrize('scale', [1e-30, 1e30])
def test_norms_out_of_float32_s_reach_change_no_pick(scale):
    vectors = np.abs(np.random.default_rng(1).normal(1, 1, (60, 8))).astype(np.float32)
    bank = class_bank(vectors)
    vectors[::7] *= np.float32(scale)
    coreset = select_coreset(class_bank(vectors), num_images=20, method=METHOD)
    assert coreset.image_ids == facility_location(bank, 20)


def test_excluded_rows_may_hold_anything():
    vectors = np.abs(np.random.default_rng(2).normal(1, 1, (20, 4))).astype(np.float32)
    kept = select_coreset(class_bank(vectors[:18]), num_images=9, method=METHOD)
    vectors[18], vectors[19] = np.inf, np.nan
    for memory in (0, '1GB'):
        coreset = select_coreset(
            class_bank(vectors), num_images=9, method=METHOD, exclude=['00018', '00019'], memory=memory
        )
        assert coreset.picks == kept.picks


def test_the_log_says_what_was_kept(caplog):
    bank = make_bank(num_images=40)
    for memory, kept in ((0, 'kept for 0 of 4 classes'), ('1MB', 'kept for 4 of 4 classes')):
        with caplog.at_level('INFO', 'mmcsod'):
            select_coreset(bank, num_images=12, method=METHOD, memory=memory)
        assert kept in caplog.text


def test_a_size_that_is_none_is_refused():
    assert [parse_size(text) for text in ('4GB', '1.5 mb', 200)] == [4 * 10**9, 1_500_000, 200]
    with pytest.raises(UserError, match="memory is 'much'; give a size such as 4GB"):
        SelectionOptions(4, memory='much')
