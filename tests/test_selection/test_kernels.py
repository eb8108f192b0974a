import importlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import UserError, select_coreset
from mmcsod.selection.kernels import get_kernel
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.kernels.pruned_kernel import Front, PrunedKernel, ScoreBounds
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection.banks import class_bank, make_vectors, random_banks

FACTORIES = {'numpy': lambda: NumpyKernel, 'pruned': lambda: PrunedKernel}
for _name in ('torch', 'faiss'):
    if importlib.util.find_spec(_name):
        FACTORIES[_name] = lambda name=_name: get_kernel(name)


def pick_all(vectors, lam, factory, number):
    eligible = np.ones(len(vectors), bool)
    eligible[3::17] = False
    objective = ClassObjective(UnitRows(vectors, eligible), eligible, lam, factory)
    picks = []
    for _ in range(number):
        picks.append(objective.best())
        objective.select(picks[-1].row)
    return picks


def near_ties(rng, rows, dimensions, dtype):
    """Rows that differ in the last bits of their type, so that low precision cannot rank them."""
    base = np.abs(rng.normal(size=dimensions)).astype(dtype)
    neighbours = np.stack([np.nextafter(base, dtype(0)), base, np.nextafter(base, dtype(np.inf))])
    return neighbours[rng.integers(0, 3, (rows, dimensions)), np.arange(dimensions)]


def exact_ties(rng, rows, dimensions, dtype):
    return make_vectors(rng, 'integers', 30, dimensions)[rng.integers(0, 30, rows)].astype(dtype)


def clustered(rng, rows, dimensions, dtype):
    centre = np.abs(rng.normal(size=dimensions))
    factors = rng.normal(size=(8, dimensions)) * 0.4
    return np.maximum(0, centre + rng.normal(size=(rows, 8)) @ factors).astype(dtype)


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


def test_float32_alone_ranks_near_ties_wrongly():
    # The case above is only worth its name if the winner is far down in float32's ranking.
    vectors = near_ties(np.random.default_rng(0), 3000, 64, np.float32)
    best = pick_all(vectors, 0.05, NumpyKernel, 1)[0].row
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = unit @ unit.sum(axis=0)
    assert (scores > scores[best]).sum() > 10


@pytest.mark.parametrize('name', FACTORIES)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(bank=random_banks(), lam=st.sampled_from([0.0, 1e-10, 0.1, 1e10]))
def test_kernels_agree_on_whole_banks(name, bank, lam):
    expected = select_coreset(bank, num_images=14, lam=lam, kernel='numpy')
    assert select_coreset(bank, num_images=14, lam=lam, kernel=name).picks == expected.picks


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


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_bounds_are_never_below_the_product(seed):
    rng = np.random.default_rng(seed)
    rows = make_vectors(rng, rng.choice(['normal', 'positive', 'near ties']), 100, 12)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    query = rows.sum(axis=0)
    bounds = ScoreBounds(query, rows @ query, float(np.linalg.norm(query)), error=1e-15)
    for turn in range(30):
        query = query - rng.choice([0.3, 1.0, 5.0]) * rows[rng.integers(100)]
        assert (bounds.at(query) >= rows @ query - 1e-9).all()
        if turn % 7 == 6:
            bounds.renew(query, rows @ query, float(np.linalg.norm(query)))
    bounds.remove(3)
    assert bounds.at(query)[3] == -np.inf


def test_the_front_holds_its_rows_at_unit_length():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    scale = (1 / np.linalg.norm(vectors, axis=1)).astype(np.float32)
    front, query, expected = Front(vectors, scale), rng.normal(size=8).astype(np.float32), []
    for rows in (np.arange(5, 25), np.array([3, 199]), np.arange(40, 160)):
        front.add(rows)
        expected += rows.tolist()
        for row in (int(rows[0]), int(rows[-1]), 1):
            front.remove(row)
            expected = [other for other in expected if other != row]
    assert sorted(front.rows) == sorted(expected)
    np.testing.assert_allclose(front.products(query), (vectors @ query * scale)[front.rows], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(front.products(query, since=30), front.products(query)[30:])
    front.clear()
    assert len(front.rows) == len(front.products(query)) == 0


def test_pruning_reads_a_fraction_of_clustered_rows():
    vectors = clustered(np.random.default_rng(0), 4000, 128, np.float32)
    kernels = []

    def factory(*arguments):
        kernels.append(PrunedKernel(*arguments))
        return kernels[-1]

    pick_all(vectors, 0.05, factory, 100)
    assert kernels[0].rows_read < 0.3 * 100 * len(vectors)


def test_an_unknown_kernel_is_refused():
    with pytest.raises(UserError, match="no kernel 'cuda'; choose one of auto, numpy"):
        select_coreset(class_bank(np.eye(3, dtype=np.float32)), num_images=1, kernel='cuda')


def test_auto_does_without_what_is_not_installed(monkeypatch, tmp_path):
    # A machine with a GPU's driver, but with neither PyTorch nor FAISS.
    monkeypatch.setattr('mmcsod.selection.kernels.DRIVERS', [tmp_path])
    for package in ('torch', 'faiss'):
        monkeypatch.delitem(sys.modules, f'mmcsod.selection.kernels.{package}_kernel', raising=False)
        monkeypatch.setitem(sys.modules, package, None)
    assert get_kernel('auto') is get_kernel('pruned')


def test_auto_without_a_driver_imports_nothing_for_gpus(monkeypatch):
    monkeypatch.setattr('mmcsod.selection.kernels.DRIVERS', [])
    monkeypatch.setattr('mmcsod.selection.kernels.GPU_KERNELS', ['none'])
    assert get_kernel('auto') is get_kernel('pruned')


@pytest.mark.skipif(not importlib.util.find_spec('torch'), reason='PyTorch is not installed')
def test_half_precision_queries_in_two_parts_lose_nothing():
    # What a GPU's tensor cores are given; multiplied here in float64.
    import torch

    from mmcsod.selection.kernels import torch_kernel
    rng = np.random.default_rng(0)
    for spread in (0, 3):
        rows = torch.from_numpy((rng.normal(size=(50, 300)) * 20).astype(np.float16))
        unit = rng.normal(size=300) * 10.0 ** rng.uniform(-spread, 0, 300)
        unit /= np.linalg.norm(unit)
        high, low, scale = torch_kernel.split_query(unit)
        exact = rows.double().numpy() @ unit
        split = (rows.double().numpy() @ high.astype(float) + rows.double().numpy() @ low.astype(float) / 2**11) / scale
        lengths = np.linalg.norm(rows.double().numpy(), axis=1)
        assert np.abs(split - exact).max() <= 2.0**-22 * lengths.max()


@pytest.mark.parametrize(('name', 'package', 'advice'), [
    ('torch', 'torch', 'pip install torch'), ('faiss', 'faiss', 'pip install faiss-cpu')])
def test_a_missing_kernel_says_how_to_install_it(monkeypatch, name, package, advice):
    monkeypatch.delitem(sys.modules, f'mmcsod.selection.kernels.{name}_kernel', raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=advice):
        select_coreset(class_bank(np.eye(3, dtype=np.float32)), num_images=1, kernel=name)
