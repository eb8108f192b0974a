"""The FAISS kernel: a maximum-inner-product search over a copy of the rows at unit length.

FAISS's brute-force search has no id filter on GPUs, so rows that are gone are overwritten by the last one and the
search covers a prefix. It returns the top k; k grows until the last of them is too low to matter.
"""

from functools import partial
from typing import Any

import numpy as np

from mmcsod.selection.kernels.base import KernelFactory, missing_package, product_error, unit_query
from mmcsod.selection.unit_rows import parts

try:
    import faiss
except ImportError as error:
    raise missing_package('faiss', error) from error

FIRST_K = 16
BLOCK_ELEMENTS = 1 << 20


def has_gpu(num_bytes: int = 0) -> bool:
    """Return whether this FAISS can use a GPU with this much free memory."""
    if getattr(faiss, 'get_num_gpus', int)() == 0:
        return False
    from mmcsod.selection.kernels import gpu

    return gpu.has_gpu(num_bytes)


def kernel_factory(gpu: bool | None = None) -> KernelFactory:
    """Return what makes FAISS kernels, by default on a GPU if FAISS can use one."""
    if has_gpu() if gpu is None else gpu:
        from mmcsod.selection.kernels.faiss_gpu import gpu_search_factory

        return partial(FaissKernel, make_search=gpu_search_factory())
    return partial(FaissKernel, make_search=CpuSearch)


class CpuSearch:
    """``faiss.knn`` over float32 rows; ``error`` is how far a product with a unit query may be from the exact one."""

    def __init__(self, rows: int, dimensions: int, dtype: np.dtype) -> None:
        self.error = product_error(dimensions)
        self.largest_k = rows
        self._units = np.empty((rows, dimensions), np.float32)

    def write(self, begin: int, units: np.ndarray) -> None:
        """Write unit rows, (k, d) float64, from row ``begin`` on."""
        self._units[begin : begin + len(units)] = units

    def move(self, source: int, target: int) -> None:
        """Copy a row over another."""
        self._units[target] = self._units[source]

    def top(self, query: np.ndarray, count: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (k,) products in falling order and their rows, of the first ``count`` rows."""
        products, rows = faiss.knn(query[None].astype(np.float32), self._units[:count], k, faiss.METRIC_INNER_PRODUCT)
        return products[0], rows[0]


class FaissKernel:
    """Searches a compacted prefix of unit rows."""

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray, make_search: Any) -> None:
        self._rows = np.flatnonzero(eligible)
        self._places = np.zeros(len(vectors), np.int64)
        self._places[self._rows] = np.arange(len(self._rows))
        self._count = len(self._rows)
        self._k = FIRST_K
        self._search = make_search(self._count, vectors.shape[1], vectors.dtype)
        for part in parts(self._count, BLOCK_ELEMENTS // max(1, vectors.shape[1])):
            rows = self._rows[part]
            self._search.write(part.start, vectors[rows].astype(np.float64) * inverse_norms[rows, None])

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        unit, length = unit_query(query)
        if length == 0:
            return self._rows[: self._count]
        margin = 2 * self._search.error + slack / length
        most = min(self._count, self._search.largest_k)
        k = min(self._k, most)
        while True:
            products, places = self._search.top(unit, self._count, k)
            high = products >= products[0] - margin
            if k == self._count or not high[-1]:
                self._k = max(FIRST_K, 2 * int(high.sum()))
                return self._rows[places[high]]
            if k == most:
                return self._rows[: self._count]
            k = min(2 * k, most)

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._count -= 1
        place, last = self._places[row], self._rows[self._count]
        self._search.move(self._count, place)
        self._rows[place] = last
        self._places[last] = place
