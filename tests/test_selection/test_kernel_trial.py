"""'auto' and a GPU that is not there: the kernel of a made-up one, right, wrong or broken."""

import logging

import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from mmcsod.selection import kernels
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.util.console import TRACEBACK
from tests.test_selection.banks import class_bank, make_bank

torch_kernel = pytest.importorskip('mmcsod.selection.kernels.torch_kernel')


class RightKernel(NumpyKernel):
    made = 0

    def __init__(self, *arguments):
        super().__init__(*arguments)
        RightKernel.made += 1


class WrongKernel(NumpyKernel):
    """Leaves out what it should propose, from its third turn on."""

    turns = 0

    def propose(self, query, slack):
        rows = super().propose(query, slack)
        self.turns += 1
        return rows if self.turns < 3 else np.flatnonzero(~self._gone)[:1]


class BrokenKernel(NumpyKernel):
    def propose(self, query, slack):
        raise RuntimeError('CUDA error: an illegal memory access was encountered\nCompile with ...')


@pytest.fixture
def gpu(monkeypatch, tmp_path):
    """Have 'auto' find a GPU with this kernel."""

    def install(kernel):
        monkeypatch.setattr(kernels, 'DRIVERS', [tmp_path])
        monkeypatch.setattr(kernels, 'GPU_KERNELS', ('torch',))
        monkeypatch.setattr(torch_kernel, 'has_gpu', lambda num_bytes: True)
        monkeypatch.setattr(torch_kernel, 'kernel_factory', lambda: kernel)

    return install


def test_a_kernel_that_picks_as_the_cpu_is_taken(gpu, caplog):
    bank = make_bank(num_images=80)
    expected = select_coreset(bank, num_images=40, kernel='numpy', lam='2N/D')
    gpu(RightKernel)
    made = RightKernel.made
    assert select_coreset(bank, num_images=40, lam='2N/D') == expected
    assert RightKernel.made - made == 1 + len(bank.classes)
    assert not [record for record in caplog.records if record.levelname == 'WARNING']


@pytest.mark.parametrize(
    ('kernel', 'reason'),
    [
        (WrongKernel, 'The kernel torch did not give the picks of the CPU'),
        (BrokenKernel, 'The kernel torch ended in RuntimeError: CUDA error: an illegal memory access was encountered,'),
    ],
)
def test_any_other_is_left_for_the_cpu_with_a_warning(gpu, caplog, monkeypatch, capsys, kernel, reason):
    monkeypatch.setenv(TRACEBACK, '1')
    bank = make_bank(num_images=80)
    expected = select_coreset(bank, num_images=40, kernel='numpy', lam='2N/D')
    gpu(kernel)
    with caplog.at_level(logging.WARNING, 'mmcsod'):
        assert select_coreset(bank, num_images=40, lam='2N/D') == expected
    assert reason in caplog.text
    assert ('in propose' in capsys.readouterr().err) == (kernel is BrokenKernel)


def test_a_bad_vector_is_still_told(gpu):
    gpu(RightKernel)
    bank = class_bank(np.full((4, 2), np.nan, np.float32))
    with pytest.raises(UserError, match='holds NaN or infinity'):
        select_coreset(bank, num_images=2)
