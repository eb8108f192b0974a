"""``kernels/__init__.py``: which kernel a name stands for."""

import sys

import numpy as np
import pytest

from mmcsod import UserError, select_coreset
from mmcsod.selection.kernels import check_kernel, kernel_factory
from tests.test_selection.banks import class_bank


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


@pytest.mark.parametrize(
    ('name', 'package', 'advice'),
    [('torch', 'torch', 'pip install torch'), ('faiss', 'faiss', 'pip install faiss-cpu')],
)
def test_a_missing_kernel_says_how_to_install_it(monkeypatch, name, package, advice):
    monkeypatch.delitem(sys.modules, f'mmcsod.selection.kernels.{name}_kernel', raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=advice):
        select_coreset(class_bank(np.eye(3, dtype=np.float32)), num_images=1, kernel=name)


@pytest.mark.parametrize('package', ['torch', 'faiss'])
def test_a_name_is_checked_without_importing_anything(monkeypatch, package):
    monkeypatch.setattr('importlib.import_module', None)
    for name in ('auto', 'numpy', 'pruned'):
        check_kernel(name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match='is not installed; install it with'):
        check_kernel(package)
