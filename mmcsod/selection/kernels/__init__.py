"""Kernels: who finds the rows that may hold the highest score, and on which device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmcsod.errors import UserError
from mmcsod.selection.kernels.base import KernelFactory

DRIVERS = ('/dev/nvidiactl', '/dev/dxg', '/dev/kfd')
"""Where a GPU's driver shows itself: asking PyTorch or FAISS would cost seconds to import them."""


def _numpy() -> KernelFactory:
    from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
    return NumpyKernel


def _pruned() -> KernelFactory:
    from mmcsod.selection.kernels.pruned_kernel import make_pruned_kernel
    return make_pruned_kernel


def _torch() -> KernelFactory:
    from mmcsod.selection.kernels.torch_kernel import make_torch_kernels
    return make_torch_kernels()


def _faiss() -> KernelFactory:
    from mmcsod.selection.kernels.faiss_kernel import make_faiss_kernels
    return make_faiss_kernels()


def _auto() -> KernelFactory:
    """FAISS on a GPU, then PyTorch on a GPU, then what is fastest on the CPU."""
    if any(Path(driver).exists() for driver in DRIVERS):
        from mmcsod.selection.kernels import faiss_kernel, torch_kernel
        if faiss_kernel.has_gpu():
            return faiss_kernel.make_faiss_kernels()
        if torch_kernel.has_gpu():
            return torch_kernel.make_torch_kernels()
    return _pruned()


_KERNELS: dict[str, Callable[[], KernelFactory]] = {
    'auto': _auto, 'numpy': _numpy, 'pruned': _pruned, 'torch': _torch, 'faiss': _faiss}
KERNELS = tuple(_KERNELS)


def get_kernel(name: str) -> KernelFactory:
    """Return the factory of a kernel.

    Raises:
        UserError: If there is no such kernel, or what it needs is not installed.
    """
    if name not in _KERNELS:
        raise UserError(f"There is no kernel '{name}'; choose one of {', '.join(KERNELS)}.")
    return _KERNELS[name]()
