"""The PyTorch kernel: on the CPU over the bank's own rows, on a GPU over a copy of them in their own precision."""

import warnings
from functools import partial

import numpy as np

from mmcsod.selection.kernels.base import KernelFactory, product_error, scales, unit_query
from mmcsod.selection.kernels.gpu import (
    QUERY_RANGE,
    TENSOR_CORE_ULP,
    find_device,
    has_gpu,
    telling_of_full_memory,
    torch,
)

__all__ = ['TorchKernel', 'has_gpu', 'kernel_factory', 'split_query', 'to_device']

BLOCK_ELEMENTS = 1 << 24


def kernel_factory(device: str | None = None) -> KernelFactory:
    """Return what makes torch kernels on a device; by default a GPU if there is one, else the CPU."""
    return partial(TorchKernel, device=find_device(device))


class TorchKernel:
    """Scores raw rows on a device and masks those that are gone."""

    def __init__(
        self, vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray, device: torch.device
    ) -> None:
        self._vectors = to_device(vectors, device)
        self._scales = torch.from_numpy(scales(inverse_norms)).to(device)
        self._gone = torch.from_numpy(~eligible).to(device)
        self._split = device.type == 'cuda' and vectors.dtype == np.float16 and _mm_widens(device)
        self._error = _error_bound(vectors.shape[1], self._split, device)

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        unit, length = unit_query(query)
        if length == 0:
            return torch.nonzero(~self._gone).flatten().cpu().numpy()
        scores = self._products(unit).mul_(self._scales).masked_fill_(self._gone, -np.inf)
        best = float(scores.nan_to_num(nan=-np.inf).max())
        low = scores < best - 2 * self._error - slack / length
        # A score of NaN is not low, and where all are NaN, neither is that of a row that is gone.
        return torch.nonzero(~(low | self._gone)).flatten().cpu().numpy()

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._gone[row] = True

    def _products(self, unit: np.ndarray) -> torch.Tensor:
        if self._split:
            return _split_products(self._vectors, unit)
        query = torch.from_numpy(unit.astype(np.float32)).to(self._vectors.device)
        if self._vectors.dtype == torch.float32:
            return torch.mv(self._vectors, query)
        step = max(1, BLOCK_ELEMENTS // len(query))
        return torch.cat([torch.mv(block.float(), query) for block in self._vectors.split(step)])


def to_device(vectors: np.ndarray, device: torch.device) -> torch.Tensor:
    """Return vectors as a tensor: the same memory on the CPU, a copy on a GPU."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'The given NumPy array is not writable')
        host = torch.from_numpy(np.asarray(vectors))
    with telling_of_full_memory():
        return host.to(device)


def _split_products(vectors: torch.Tensor, unit: np.ndarray) -> torch.Tensor:
    """Multiply float16 rows with a query in two float16 parts, in one pass over the rows."""
    high, low, scale = split_query(unit)
    pair = np.zeros((len(unit), 8), np.float16)  # fast kernels want rows of 16 bytes
    pair[:, 0], pair[:, 1] = high, low
    products = torch.mm(vectors, torch.from_numpy(pair).to(vectors.device), out_dtype=torch.float32)
    return (products[:, 0] + products[:, 1] * 2.0**-11) / scale


def split_query(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Split a (d,) float64 query: it is ``(high + low / 2**11) / scale`` to 22 bits, both parts float16."""
    scale = float(QUERY_RANGE / np.abs(unit).max())
    high = (unit * scale).astype(np.float16)
    return high, ((unit * scale - high) * 2**11).astype(np.float16), scale


def _mm_widens(device: torch.device) -> bool:
    """Return whether this PyTorch multiplies float16 matrices into a float32 one."""
    sample = torch.zeros(8, 8, dtype=torch.float16, device=device)
    try:
        torch.mm(sample, sample, out_dtype=torch.float32)
    except (TypeError, RuntimeError, NotImplementedError):
        return False
    return True


def _error_bound(dimensions: int, split: bool, device: torch.device) -> float:
    if split:
        return (dimensions + 16) * TENSOR_CORE_ULP
    if device.type == 'cuda' and torch.get_float32_matmul_precision() != 'highest':
        # TF32 keeps 11 bits of either factor; whoever allowed it keeps it, the bound is wider then.
        return 2.0**-10 + (dimensions + 16) * TENSOR_CORE_ULP
    return product_error(dimensions)
