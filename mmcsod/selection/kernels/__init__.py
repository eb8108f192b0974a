"""Kernels: who finds the rows that may hold the highest score, and on which device."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from types import ModuleType

from mmcsod.errors import UserError
from mmcsod.selection.kernels.base import KernelFactory

KERNELS = ('auto', 'numpy', 'pruned', 'torch', 'faiss')
GPU_KERNELS = ('faiss', 'torch')
"""In the order in which 'auto' takes them."""

DRIVERS = ('/dev/nvidiactl', '/dev/dxg', '/dev/kfd')
"""Where a GPU's driver shows itself: asking PyTorch or FAISS would cost seconds to import them."""


def get_kernel(name: str, num_bytes: int = 0) -> KernelFactory:
    """Return the factory of a kernel.

    Args:
        name: One of ``KERNELS``; 'auto' takes FAISS on a GPU, then PyTorch on a GPU, then what is fastest on the CPU.
        num_bytes: Size of the vectors: 'auto' takes a GPU only if they fit into its free memory.

    Raises:
        UserError: If there is no such kernel, or what it needs is not installed.
    """
    if name not in KERNELS:
        raise UserError(f"There is no kernel '{name}'; choose one of {', '.join(KERNELS)}.")
    if name == 'auto':
        return _gpu_kernel(num_bytes) or _make('pruned')
    return _make(name)


def _gpu_kernel(num_bytes: int) -> KernelFactory | None:
    if not any(Path(driver).exists() for driver in DRIVERS):
        return None
    for name in GPU_KERNELS:
        with contextlib.suppress(UserError):  # not installed
            if _module(name).has_gpu(num_bytes):
                return _make(name)
    return None


def _make(name: str) -> KernelFactory:
    return _module(name).make_kernels()


def _module(name: str) -> ModuleType:
    return importlib.import_module(f'{__name__}.{name}_kernel')
