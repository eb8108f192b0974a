"""The promise of ``kernels/base.py`` on a GPU: ``pytest -m gpu`` where there is one."""

import numpy as np
import pytest

from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from tests.test_selection.test_kernels.picks import clustered, exact_ties, near_ties, pick_all

pytestmark = pytest.mark.gpu


def gpu_kernels(name):
    if name == 'torch':
        from mmcsod.selection.kernels.torch_kernel import kernel_factory

        return kernel_factory('cuda')
    faiss = pytest.importorskip('faiss')
    if not getattr(faiss, 'get_num_gpus', int)():
        pytest.skip('needs faiss-gpu')
    from mmcsod.selection.kernels.faiss_kernel import kernel_factory

    return kernel_factory(gpu=True)


@pytest.mark.parametrize('name', ['torch', 'faiss'])
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@pytest.mark.parametrize('make', [near_ties, exact_ties, clustered])
@pytest.mark.parametrize('lam', [1e-10, 0.05, 1e10])
def test_the_picks_are_those_of_the_cpu(name, dtype, make, lam):
    vectors = make(np.random.default_rng(0), 3000, 64, dtype)
    assert pick_all(vectors, lam, gpu_kernels(name), 60) == pick_all(vectors, lam, NumpyKernel, 60)
