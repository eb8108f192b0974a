"""Kernels: who finds the rows that may hold the highest score, on which device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmcsod.errors import UserError
from mmcsod.selection.kernels.base import Kernel
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel

KernelFactory = Callable[[np.ndarray, np.ndarray], Kernel]
KERNELS = ('auto', 'numpy')


def get_kernel(name: str) -> KernelFactory:
    """Return the factory of a kernel: it takes a class's rows (n, d) and their inverse norms (n,).

    Raises:
        UserError: If there is no such kernel.
    """
    if name not in KERNELS:
        raise UserError(f"There is no kernel '{name}'; choose one of {', '.join(KERNELS)}.")
    return NumpyKernel
