"""Kernels: who finds the rows that may hold the highest score, and on which device."""

import contextlib
import importlib
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from mmcsod.selection.kernels.base import KernelFactory, missing_package
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.kernels.pruned_kernel import make_pruned_kernel
from mmcsod.selection.kernels.similarities import NumpySimilarities, SimilaritiesFactory
from mmcsod.util.errors import UserError

KERNELS = ('auto', 'numpy', 'pruned', 'torch', 'faiss')
GPU_KERNELS = ('faiss', 'torch')
"""In the order in which 'auto' takes them; each is named like the package that it needs."""

DRIVERS = ('/dev/nvidiactl', '/dev/dxg', '/dev/kfd')
"""Where a GPU's driver shows itself: asking PyTorch or FAISS would cost seconds to import them."""


def check_kernel(name: str) -> None:
    """Refuse a kernel that there is not, or whose package is not installed, without importing anything."""
    if name not in KERNELS:
        raise UserError(f"There is no kernel '{name}'; choose one of {', '.join(KERNELS)}.")
    if name in GPU_KERNELS and importlib.util.find_spec(name) is None:
        raise missing_package(name)


def kernel_factory(
    name: str, num_bytes: int = 0, is_fit: Callable[[str, KernelFactory], bool] = lambda name, factory: True
) -> KernelFactory:
    """Return what makes the kernels of a name, one for each class.

    'auto' takes FAISS on a GPU, then PyTorch on a GPU, if the vectors, ``num_bytes``, fit into its free memory and
    ``is_fit`` agrees; else what is fastest on the CPU.
    """
    check_kernel(name)
    if name == 'numpy':
        return NumpyKernel
    if name in GPU_KERNELS:
        return _module(f'{name}_kernel').kernel_factory()
    if name == 'auto':
        for each in GPU_KERNELS:
            if (factory := _on_gpu(f'{each}_kernel', num_bytes, partial(is_fit, each))) is not None:
                return factory
    return make_pruned_kernel


def similarities_factory(
    name: str, num_bytes: int = 0, is_fit: Callable[[str, SimilaritiesFactory], bool] = lambda name, factory: True
) -> SimilaritiesFactory:
    """Return what makes the similarities of a class: PyTorch's for 'torch', and for 'auto' on a GPU; else NumPy's.

    The arguments are those of :func:`kernel_factory`.
    """
    check_kernel(name)
    if name == 'torch':
        return _module('torch_similarities').kernel_factory()
    found = _on_gpu('torch_similarities', num_bytes, partial(is_fit, 'torch')) if name == 'auto' else None
    return found or NumpySimilarities


def matrix_product(name: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return what multiplies float64 matrices: PyTorch for 'torch', on a GPU if there is one, else NumPy."""
    return _module('torch_similarities').multiply if name == 'torch' else np.matmul


def has_driver() -> bool:
    """Return whether the driver of a GPU shows itself."""
    return any(Path(driver).exists() for driver in DRIVERS)


def _on_gpu(module: str, num_bytes: int, is_fit: Callable[[Any], bool]) -> Any:
    """Return what makes a module's kernels if there is a GPU with room that passes the trial, else None."""
    if has_driver():
        with contextlib.suppress(UserError, RuntimeError):  # not installed, or a driver that does not answer
            if _module(module).has_gpu(num_bytes) and is_fit(factory := _module(module).kernel_factory()):
                return factory
    return None


def _module(name: str) -> ModuleType:
    return importlib.import_module(f'{__name__}.{name}')
