import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection import lazy_rows
from mmcsod.selection.lazy_rows import LazyRows
from mmcsod.selection.methods.log_det import LogDet
from mmcsod.selection.methods.nearest import Nearest
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection import naive_rules
from tests.test_selection.banks import random_banks

RULES = {
    'csod-logdet': (naive_rules.log_det, 1e-8),
    'csod-mmr': (naive_rules.mmr, 1e-12),
    'classwise-k-center': (naive_rules.k_center, 1e-12),
}


@pytest.fixture
def _small_blocks(monkeypatch):
    monkeypatch.setattr(lazy_rows, 'FIRST_BLOCK', 2)


@pytest.mark.usefixtures('_small_blocks')
@pytest.mark.parametrize('method', RULES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    bank=random_banks() | random_banks(dtype=np.float16), num_images=st.integers(1, 20), num_included=st.integers(0, 3)
)
def test_equals_the_formula(method, bank, num_images, num_included):
    included = bank.images[:num_included]
    num_images = max(num_images, len(included), 1)
    expected = naive_rules.naive_rule(bank, num_images, *RULES[method], included)
    picks = select_coreset(bank, num_images=num_images, method=method, include=included).picks[len(included) :]
    assert [(pick.image_id, pick.label) for pick in picks] == [pick[:2] for pick in expected]
    for pick, (_, _, likeness, score) in zip(picks, expected, strict=True):
        assert pick.likeness == pytest.approx(likeness, abs=1e-9)
        assert pick.score == pytest.approx(score, abs=1e-6)


def test_laziness_leaves_rows_unread():
    rng = np.random.default_rng(2)
    vectors = (rng.normal(size=(4000, 64)) * np.linspace(3, 0.1, 64) + 2).astype(np.float32)
    eligible = np.ones(len(vectors), bool)
    for rule in (LogDet(eligible, 1e-3, 1.0), Nearest(1.0)):
        rows = LazyRows(UnitRows(vectors, eligible), eligible, rule)
        for _ in range(20):
            row = rows.best().row
            rows.select(row, rows.unit(row))
        assert rows.rows_read < 0.5 * 19 * len(vectors)


def test_log_det_of_three_rows_by_hand():
    # Rows (1, 0), (0.8, 0.6), (0, 1). The sum is (1.8, 1.6): q = 1.8 / 3, 2.4 / 3, 1.6 / 3, so the second is first.
    # It explains cos^2 = 0.64 of the first and 0.36 of the third row, a thousandth less for eps. z is -0.39 and -0.98,
    # log r -1.02 and -0.44: the first is next, by 0.015.
    bank = FeatureBank.from_arrays(np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32), ['a', 'b', 'c'], [0] * 3, ['x'])
    coreset = select_coreset(bank, num_images=3, method='csod-logdet')
    assert coreset.image_ids == ['b', 'a', 'c']
    assert coreset.picks[0].novelty == pytest.approx(1.001)
    assert coreset.picks[1].novelty == pytest.approx(1.001 - 0.64 / 1.001, abs=1e-6)
    q = np.array([1.8, 2.4, 1.6]) / 3
    assert coreset.picks[1].score == pytest.approx((q[0] - q.mean()) / q.std() + np.log(1.001 - 0.64 / 1.001), abs=1e-5)
