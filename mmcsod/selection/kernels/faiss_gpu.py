"""FAISS's search on a GPU, over a tensor of PyTorch's that FAISS reads in place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from mmcsod.selection.kernels.gpu import QUERY_RANGE, TENSOR_CORE_ULP, telling_of_full_memory
from mmcsod.util.errors import UserError

try:
    import faiss
    import faiss.contrib.torch_utils  # lets faiss.knn_gpu take tensors
    import torch
except ImportError as error:
    raise UserError(
        f'The faiss kernel on a GPU needs PyTorch and FAISS ({error}); install them, or choose the kernel numpy.'
    ) from error

LARGEST_K = 2048


def gpu_search_factory() -> Callable[[int, int, np.dtype], GpuSearch]:
    """Return what makes searches that share FAISS's scratch memory, of which it takes a lot."""
    return partial(GpuSearch, resources=faiss.StandardGpuResources())


class GpuSearch:
    """``faiss.knn_gpu`` over unit rows in the bank's own precision.

    FAISS wants queries in the precision of the rows. The range of float16 is narrow, so such a query is scaled up.
    Rounding row and query costs 2^-11 each; elements of a row below float16's normal range, 2^-25 times sqrt(d).
    """

    def __init__(self, rows: int, dimensions: int, dtype: np.dtype, resources: Any) -> None:
        self.largest_k = min(rows, LARGEST_K)
        half = dtype == np.float16
        self.error = (dimensions + 16) * TENSOR_CORE_ULP + (2.0**-10 + dimensions**0.5 * 2.0**-24 if half else 0)
        self._dtype = torch.float16 if half else torch.float32
        self._range = QUERY_RANGE if half else 1.0
        self._resources = resources
        with telling_of_full_memory():
            self._units = torch.empty(rows, dimensions, dtype=self._dtype, device='cuda')

    def write(self, begin: int, units: np.ndarray) -> None:
        """Write unit rows, (k, d) float64, from row ``begin`` on."""
        self._units[begin : begin + len(units)] = torch.from_numpy(units.astype(np.float32)).to(self._units)

    def move(self, source: int, target: int) -> None:
        """Copy a row over another."""
        self._units[target] = self._units[source]

    def top(self, query: np.ndarray, count: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (k,) products in falling order and their rows, of the first ``count`` rows."""
        scale = self._range / np.abs(query).max()
        scaled = torch.from_numpy((query * scale).astype(np.float32)[None]).to(self._units)
        products, rows = faiss.knn_gpu(
            self._resources, scaled, self._units[:count], k, metric=faiss.METRIC_INNER_PRODUCT
        )
        return products[0].cpu().numpy() / np.float32(scale), rows[0].cpu().numpy()
