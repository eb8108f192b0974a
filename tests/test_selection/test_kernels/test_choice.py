"""``kernels/__init__.py``: which kernel a name stands for."""

import sys

import pytest

from mmcsod import UserError
from mmcsod.selection.kernels import check_kernel, kernel_factory


def test_auto_does_without_what_is_not_installed(monkeypatch, tmp_path):
    # A machine with a GPU's driver, but with neither PyTorch nor FAISS.
    monkeypatch.setattr('mmcsod.selection.kernels.DRIVERS', [tmp_path])
    for package in ('torch', 'faiss'):
        monkeypatch.delitem(sys.modules, f'mmcsod.selection.kernels.{package}_kernel', raising=False)
        monkeypatch.setitem(sys.modules, package, None)
    assert kernel_factory('auto') is kernel_factory('pruned')


def test_auto_without_a_driver_imports_nothing_for_gpus(monkeypatch):
    monkeypatch.setattr('mmcsod.selection.kernels.DRIVERS', [])
    monkeypatch.setattr('mmcsod.selection.kernels.GPU_KERNELS', ['none'])
    assert kernel_factory('auto') is kernel_factory('pruned')


@pytest.mark.parametrize('package', ['torch', 'faiss'])
def test_a_missing_package_is_told_without_importing_anything(monkeypatch, package):
    monkeypatch.setattr('importlib.import_module', None)
    for name in ('auto', 'numpy', 'pruned'):
        check_kernel(name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f"is not installed; install it with 'pip install {package}"):
        check_kernel(package)
