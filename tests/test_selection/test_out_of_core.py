"""A bank that is larger than the memory allowed is selected from all the same, with the same picks."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from tests.test_selection.test_kernels.picks import clustered
from tests.tool import run_script

DIMENSIONS, PICKS = 1024, 14
SIZES = (2500, *[3125] * 12)  # the neighbours of few classes fit into half of what is left
BUFFERS = 50 << 20
LIMIT = 128 << 20  # the bank has 164 MB; Python and NumPy take 40 of these
JOIN = "import os; open(os.environ['GROUP'], 'w').write(str(os.getpid()))"
# What a user does in a memory that is small: ask what to expect, then select. Its own count of what it allocates, and
# the system's of what it read, tell how it went.
SELECT = """
import json, sys, tracemalloc
from pathlib import Path
from mmcsod import FeatureBank
from mmcsod.selection.memory_needs import memory_needs
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import make_task, run_selection
bank = FeatureBank.load(sys.argv[1])
options = SelectionOptions(int(sys.argv[2]), method=sys.argv[3], kernel=sys.argv[4], lam=0.1)
needs = memory_needs(make_task(bank, options))
tracemalloc.start()
coreset = run_selection(bank, options).coreset
read = dict(line.split(': ') for line in Path('/proc/self/io').read_text().splitlines())['read_bytes']
print(json.dumps({
    'images': coreset.image_ids, 'used': tracemalloc.get_traced_memory()[1], 'read': int(read),
    'beside': needs.beside, 'available': needs.available, 'fits': needs.fits,
}))
"""


@pytest.fixture(scope='module')
def bank(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp('large') / 'features', np.random.default_rng(0)
    vectors = np.concatenate([clustered(rng, size, DIMENSIONS, np.float32) for size in SIZES])
    labels, images = np.repeat(np.arange(len(SIZES)), SIZES), [f'{row:05}' for row in range(len(vectors))]
    FeatureBank.from_arrays(vectors, images, labels, 'abcdefghijklm').save(folder)
    return folder


@pytest.fixture
def small_group():
    """A control group of little memory, by the file that takes processes in; of either version of the interface."""
    for line in Path('/proc/self/cgroup').read_text(encoding='utf-8').splitlines():
        _, controllers, path = line.split(':', 2)
        if controllers in ('', 'memory'):
            group = Path(f'/sys/fs/cgroup{"/memory" if controllers else ""}{path}', f'mmcsod-test-{os.getpid()}')
            limit = group / ('memory.limit_in_bytes' if controllers else 'memory.max')
            with contextlib.suppress(OSError):
                group.mkdir()
                try:
                    limit.write_text(str(LIMIT))
                    yield group / 'cgroup.procs'
                    return
                finally:
                    group.rmdir()
    pytest.skip('no control group of this machine lets its memory be limited')


def forget(path):
    """Have the system drop what it holds of a file in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('method', 'kernel'), [('csod', 'numpy'), ('csod', 'pruned'), ('classwise-facility-location', 'numpy')]
)
def test_a_bank_larger_than_the_memory_allowed(method, kernel, bank, small_group):
    forget(bank / 'vectors.npy')
    done = run_script('-c', f'{JOIN}\n{SELECT}', bank, PICKS, method, kernel, GROUP=str(small_group))
    assert done.returncode == 0, (done.returncode, done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    size = (bank / 'vectors.npy').stat().st_size
    assert not found['fits']
    assert found['available'] <= LIMIT < size
    assert found['read'] > 1.5 * size  # else it was in memory after all
    expected = select_coreset(FeatureBank.load(bank), num_images=PICKS, method=method, kernel=kernel, lam=0.1)
    assert found['images'] == expected.image_ids
    if method == 'csod':
        assert found['used'] <= found['beside'] < size / 2
    else:  # half of what is available
        assert LIMIT / 4 < found['used'] < found['available'] / 2 + BUFFERS
