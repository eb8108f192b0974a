import tracemalloc

import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.commands.dry_run import describe_needs
from mmcsod.selection.memory_needs import memory_needs
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
def test_the_memory_announced_is_what_is_used(bank, kernel):
    options = SelectionOptions(300, kernel=kernel, lam=0.05)
    needs = memory_needs(make_task(bank, options))
    assert needs.copied == 0
    assert needs.fits == (needs.vectors + needs.beside <= needs.available)
    assert f'mode: {"in memory" if needs.fits else "from disk"}' in describe_needs(bank, options)
    used = memory_used(bank, options)
    assert used <= needs.beside <= 4 * used
    assert used < bank.vectors.nbytes / 1.8


def test_copies_are_announced(bank):
    shuffled = FeatureBank(vectors=bank.vectors[::-1], rows=bank.rows[::-1], images=bank.images, classes=bank.classes)
    options = SelectionOptions(30, kernel='numpy', lam=0.05)
    needs = memory_needs(make_task(shuffled, options))
    assert needs.copied == bank.vectors.nbytes
    assert memory_used(shuffled, options) <= needs.copied + needs.beside
    assert 'copied class by class (86 MB more)' in describe_needs(shuffled, options)
    faiss = SelectionOptions(30, method='csod', kernel='faiss')
    assert memory_needs(make_task(bank, faiss)).copied == bank.vectors.nbytes
    text = describe_needs(bank, SelectionOptions(30, method='csod-logdet', kernel='faiss'))
    assert 'what this method needs beside them is not known' in text
