"""The promise of ``kernels/similarities.py``, held by NumPy and by PyTorch on the CPU and on a GPU if there is one."""

from functools import partial

import numpy as np
import pytest

from mmcsod.selection.coverage import coverages
from mmcsod.selection.facility_rows import FacilityLocation
from mmcsod.selection.kernels import similarities
from mmcsod.selection.kernels.similarities import NumpySimilarities
from mmcsod.selection.lazy_rows import LazyRows
from mmcsod.selection.methods.log_det import LogDet
from mmcsod.selection.pool import Pool
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection.banks import make_bank
from tests.test_selection.test_kernels.picks import clustered, exact_ties, near_ties

DEVICES = ['numpy', 'cpu', pytest.param('cuda', marks=pytest.mark.gpu)]
RULES = {
    'facility location': FacilityLocation,
    'log-determinant': lambda units, eligible, factory: LazyRows(
        units, eligible, LogDet(eligible, 1e-3, 1.0), similarities=factory
    ),
}


def factory_of(device):
    if device == 'numpy':
        return NumpySimilarities
    pytest.importorskip('torch')
    from mmcsod.selection.kernels.torch_similarities import kernel_factory

    return kernel_factory(device)


def rows_of(make, dtype, number=300):
    vectors = make(np.random.default_rng(0), number, 24, dtype)
    eligible = np.arange(number) % 7 > 0
    vectors[0] = np.nan  # left out, so it may hold anything
    return UnitRows(vectors, eligible), eligible


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@pytest.mark.parametrize('step', [1, 3])
def test_what_is_computed_is_within_its_bound(device, dtype, step, monkeypatch):
    monkeypatch.setattr(similarities, 'TILE', 60)
    units, eligible = rows_of(clustered, dtype)
    exact = units.vectors.astype(np.float64) * units.inverse_norms[:, None]
    exact[~eligible] = 0
    others = np.flatnonzero(eligible)[::step]
    found = factory_of(device)(units.vectors, units.inverse_norms, others)
    for candidates in (np.array([101, 130, 249]), others):
        cosines = exact[others] @ exact[candidates].T
        covered = np.median(cosines, axis=1)
        covered[3] = 2
        gains, errors = found.gains(candidates, covered)
        assert (np.abs(gains - np.maximum(cosines - covered[:, None], 0).sum(axis=0)) <= errors).all()
        assert (errors < 1e-2).all()
        for (places, values), column in zip(found.near(candidates, covered), cosines.T, strict=True):
            assert set(np.flatnonzero(column > covered)) <= set(places.tolist()) <= set(np.flatnonzero(covered < 2))
            assert np.abs(values - column[places]).max() <= found.error
            assert (np.diff(places) > 0).all()
    directions = exact[[5, 9]]
    assert np.abs(found.products(candidates, directions) - exact[candidates] @ directions.T).max() <= found.error


@pytest.mark.parametrize('device', DEVICES[1:])
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@pytest.mark.parametrize('make', [near_ties, exact_ties, clustered])
@pytest.mark.parametrize('rule', RULES)
def test_every_device_gives_the_picks_and_scores_of_the_cpu(device, rule, make, dtype):
    units, eligible = rows_of(make, dtype)
    picks = []
    for factory in (NumpySimilarities, factory_of(device)):
        state = RULES[rule](units, eligible, factory)
        picks.append([])
        for _ in range(20):
            picks[-1].append(state.best())
            state.select(picks[-1][-1].row, state.unit(picks[-1][-1].row))
    assert picks[0] == picks[1]


def test_full_float32_leaves_the_precision_as_it_was():
    torch = pytest.importorskip('torch')
    from mmcsod.selection.kernels.torch_similarities import full_float32

    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('high')
    try:
        with full_float32():
            assert torch.get_float32_matmul_precision() == 'highest'
        assert torch.get_float32_matmul_precision() == 'high'
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize('device', DEVICES[1:])
def test_coverage_is_the_same_to_the_last_bit_on_every_device(device):
    pytest.importorskip('torch')
    from mmcsod.selection.kernels.torch_similarities import multiply

    pool = Pool(make_bank(num_images=60), range(4))
    chosen = [np.arange(0, 60, step) for step in (5, 9)]
    found = coverages(pool, chosen, multiply=partial(multiply, device=device))
    assert found.tolist() == coverages(pool, chosen).tolist()
