import numpy as np
import pytest

from mmcsod.records import arrays
from mmcsod.selection import unit_rows
from mmcsod.selection.unit_rows import UnitRows


@pytest.fixture(params=[np.float32, np.float16])
def vectors(request):
    vectors = np.random.default_rng(0).normal(size=(500, 24)).astype(request.param)
    vectors[7] = 0
    return vectors


def normalised(vectors):
    plain = vectors.astype(np.float64)
    norms = np.linalg.norm(plain, axis=1, keepdims=True)
    return np.divide(plain, norms, out=np.zeros_like(plain), where=norms > 0)


@pytest.mark.parametrize('block', [1, 24 * 7, 1 << 18])
def test_norms_sums_and_rows_in_blocks_of_any_size(vectors, block, monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_ELEMENTS', block)
    eligible = np.random.default_rng(1).random(500) < 0.7
    units, expected = UnitRows(vectors, eligible), normalised(vectors)
    assert units.total == pytest.approx(expected[eligible].sum(axis=0), abs=1e-12)
    chosen = eligible & (np.arange(500) % 3 == 0)
    assert units.sum(chosen) == pytest.approx(expected[chosen].sum(axis=0), abs=1e-12)
    rows = np.flatnonzero(eligible)[::-1]
    read = np.concatenate([block.copy() for _, block in units.read(rows)])
    np.testing.assert_allclose(read, expected[rows], atol=1e-15)
    assert units.row(7).tolist() == [0] * 24


def test_the_values_do_not_depend_on_numpy_2(vectors, monkeypatch):
    expected = UnitRows(vectors, np.ones(500, bool)).inverse_norms
    monkeypatch.delattr(np, 'vecdot', raising=False)
    np.testing.assert_allclose(UnitRows(vectors, np.ones(500, bool)).inverse_norms, expected, rtol=1e-15)


@pytest.mark.parametrize('scale', [1, 1e30, 1e-30])
@pytest.mark.parametrize('dtype', [np.float16, np.float32, np.float64])
def test_a_few_rows_at_once(dtype, scale):
    vectors = np.array([[3, 4], [0, 0], [-2, 0]]) * (1 if dtype == np.float16 else scale)
    units = unit_rows.unit_rows(vectors.astype(dtype))
    assert units.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [-1, 0]], rtol=1e-6)
