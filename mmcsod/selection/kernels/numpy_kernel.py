"""The kernel for any CPU: a matrix-vector product over the bank's own rows, in place."""

import numpy as np

from mmcsod.selection.kernels.base import product_error, scales, unit_query
from mmcsod.selection.unit_rows import parts

BLOCK_ELEMENTS = 1 << 19
"""Elements converted at a time; numpy multiplies float16 about 15 times slower than float32."""


class NumpyKernel:
    """Scores raw rows where they lie, memory-mapped or not, and masks those that are gone."""

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray, eligible: np.ndarray) -> None:
        self._vectors = vectors
        self._scales = scales(inverse_norms)
        self._gone = ~eligible
        self._error = product_error(vectors.shape[1])

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        unit, length = unit_query(query)
        if length == 0:
            return np.flatnonzero(~self._gone)
        scores = scaled_products(self._vectors, self._scales, unit.astype(np.float32))
        scores[self._gone] = -np.inf
        threshold = float(np.fmax.reduce(scores)) - 2 * self._error - slack / length
        # A score of NaN is not below the threshold, and where all are NaN, neither is that of a row that is gone.
        return np.flatnonzero(~(scores < threshold) & ~self._gone)

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._gone[row] = True


def scaled_products(vectors: np.ndarray, scale: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Return (n,) float32 products of rows, scaled to unit length, with a float32 query."""
    with np.errstate(invalid='ignore', over='ignore'):
        return _products(vectors, query) * scale


def _products(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    if vectors.dtype == np.float32:
        return vectors @ query
    products = np.empty(len(vectors), np.float32)
    for rows in parts(len(vectors), BLOCK_ELEMENTS // len(query)):
        products[rows] = vectors[rows].astype(np.float32) @ query
    return products
