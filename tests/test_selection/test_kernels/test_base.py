"""The promise of ``kernels/base.py``, held by every kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import select_coreset
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection.banks import make_vectors, random_banks
from tests.test_selection.test_kernels.picks import FACTORIES, clustered, exact_ties, near_ties, pick_all


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@pytest.mark.parametrize('make', [near_ties, exact_ties, clustered])
@pytest.mark.parametrize('lam', [1e-10, 0.05, 1e10])
def test_every_kernel_gives_the_same_picks_and_terms(make, dtype, lam):
    vectors = make(np.random.default_rng(0), 3000, 64, dtype)
    expected = pick_all(vectors, lam, NumpyKernel, 60)
    for name, factory in FACTORIES.items():
        assert pick_all(vectors, lam, factory(), 60) == expected, name


@pytest.mark.parametrize('make', [near_ties, exact_ties, clustered])
def test_kernels_agree_to_the_last_row(make):
    vectors = make(np.random.default_rng(1), 300, 32, np.float32)
    number = len(vectors) - len(vectors[3::17])
    expected = pick_all(vectors, 0.2, NumpyKernel, number)
    assert len({pick.row for pick in expected}) == number
    for name, factory in FACTORIES.items():
        assert pick_all(vectors, 0.2, factory(), number) == expected, name


@pytest.mark.parametrize('name', FACTORIES)
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), slack=st.sampled_from([0.0, 1e-12, 1e-3, 0.5]))
def test_no_row_within_the_slack_is_left_out(name, dtype, seed, slack):
    rng = np.random.default_rng(seed)
    kind = rng.choice(['normal', 'positive', 'near ties', 'duplicates', 'integers'])
    vectors = make_vectors(rng, kind, 200, int(rng.choice([3, 50, 300]))).astype(dtype)
    eligible = rng.random(200) < 0.9
    units = UnitRows(vectors, eligible)
    kernel = FACTORIES[name]()(vectors, units.inverse_norms, eligible)
    query = units.total.copy()
    for _ in range(6):
        exact = (units.vectors.astype(np.float64) * units.inverse_norms[:, None]) @ query
        wanted = np.flatnonzero(eligible & (exact >= exact[eligible].max() - slack))
        proposed = kernel.propose(query, slack)
        assert set(wanted) <= set(proposed.tolist())
        assert len(set(proposed.tolist())) == len(proposed)
        assert eligible[proposed].all()
        gone = int(wanted[0])
        eligible[gone] = False
        kernel.remove(gone)
        query -= 1.3 * units.row(gone)


@pytest.mark.parametrize('name', FACTORIES)
@pytest.mark.parametrize('scale', [1e-42, 1e-38, 1e-30, 1e30, 1e38])
def test_norms_at_the_edge_of_float32_change_nothing(name, scale):
    vectors = np.minimum(np.abs(np.random.default_rng(0).normal(size=(300, 200))), 3)
    vectors[::2] *= scale
    vectors = vectors.astype(np.float32)
    plain = vectors.astype(np.float64)
    units = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    left = np.ones(300, bool)
    left[3::17] = False
    for pick in pick_all(vectors, 1e10, FACTORIES[name](), 40):
        assert pick.row == int(np.argmax(np.where(left, units @ units[left].sum(axis=0), -1)))
        left[pick.row] = False


@pytest.mark.parametrize('name', list(FACTORIES)[1:])
@settings(max_examples=100, deadline=None, derandomize=True)
@given(bank=random_banks(), lam=st.sampled_from([0.0, 1e-10, 0.1, 1e10]))
def test_kernels_agree_on_whole_banks(name, bank, lam):
    with_rows = sorted(set(bank.image_ids))
    excluded = with_rows[1::3]
    coreset = select_coreset(bank, num_images=20, lam=lam, kernel=name, exclude=excluded)
    assert sorted(coreset.image_ids) == sorted(set(with_rows) - set(excluded))
    assert coreset.picks == select_coreset(bank, num_images=20, lam=lam, kernel='numpy', exclude=excluded).picks
