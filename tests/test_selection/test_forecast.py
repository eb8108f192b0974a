import tracemalloc

import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.selection import forecast
from mmcsod.selection.forecast import available_memory, expect
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import make_task, run_selection
from tests.test_selection.test_kernels.picks import clustered


@pytest.fixture(scope='module')
def bank(tmp_path_factory):
    """85 MB of vectors in three classes, on disk."""
    rng = np.random.default_rng(0)
    sizes = (7000, 3000, 500)
    vectors = np.concatenate([clustered(rng, size, 2048, np.float32) for size in sizes])
    images = [f'{image:05}' for size in sizes for image in range(size)]
    folder = tmp_path_factory.mktemp('bank') / 'features'
    FeatureBank.from_arrays(vectors, images, np.repeat([0, 1, 2], sizes), 'abc').save(folder)
    return FeatureBank.load(folder)


def memory_used(bank, options):
    tracemalloc.start()
    run_selection(bank, options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize('kernel', ['numpy', 'pruned'])
def test_the_memory_foretold_is_what_is_used(bank, kernel):
    options = SelectionOptions(300, kernel=kernel, lam=0.05)
    told = forecast.forecast(make_task(bank, options))
    assert told.copied == 0
    used = memory_used(bank, options)
    assert used <= told.beside <= 4 * used
    assert used < bank.vectors.nbytes / 3


def test_copies_are_told(bank):
    shuffled = FeatureBank(vectors=bank.vectors[::-1], rows=bank.rows[::-1], images=bank.images, classes=bank.classes)
    options = SelectionOptions(30, kernel='numpy')
    told = forecast.forecast(make_task(shuffled, options))
    assert told.copied == bank.vectors.nbytes
    assert memory_used(shuffled, options) <= told.copied + told.beside
    assert 'copied class by class (86 MB more)' in expect(shuffled, options)
    faiss = forecast.forecast(make_task(bank, SelectionOptions(30, kernel='faiss')))
    assert faiss.copied == bank.vectors.nbytes


def test_the_mode_follows_the_memory_there_is(bank, monkeypatch):
    options = SelectionOptions(300)
    assert 'mode: in memory' in expect(bank, options)
    monkeypatch.setattr(forecast, 'available_memory', lambda: bank.vectors.nbytes // 3)
    assert 'mode: from disk at every turn' in expect(bank, options)
    assert '(28.7 MB of memory available)' in expect(bank, options)


def test_a_control_group_limits_what_is_available(monkeypatch, tmp_path):
    limit = tmp_path / 'memory.max'
    monkeypatch.setattr(forecast, '_group_limits', lambda: [forecast._read_limit(limit)] if limit.exists() else [])
    everything = available_memory()
    limit.write_text('1000000\n')
    assert available_memory() == 1_000_000 < everything
    limit.write_text('max\n')
    assert forecast._read_limit(limit) is None


@pytest.mark.parametrize('method', ['d2', 'classwise-facility-location', 'csod-logdet', 'uniform'])
def test_nothing_is_promised_of_methods_whose_needs_are_not_known(method, bank):
    told = expect(bank, SelectionOptions(30, method=method, kernel='faiss'))
    assert 'what this method needs beside them, and how long it takes, is not forecast' in told
    assert 'at most' not in told and 'copied' not in told
