"""The kernel for any CPU: a matrix-vector product over the bank's own rows, in place."""

from __future__ import annotations

import numpy as np

HALF_BLOCK = 256
"""Rows converted at a time: numpy multiplies float16 about 15 times slower than float32."""


class NumpyKernel:
    """Scores raw rows where they lie, memory-mapped or not, and masks those that are gone."""

    def __init__(self, vectors: np.ndarray, inverse_norms: np.ndarray) -> None:
        self._vectors = vectors
        with np.errstate(over='ignore'):
            self._scale = inverse_norms.astype(np.float32)
        # Rows whose norm leaves float32's comfortable range have no error bound: NaN makes them always proposed.
        norms_unsafe = (inverse_norms > 1e30) | ((inverse_norms < 1e-30) & (inverse_norms > 0))
        self._scale[norms_unsafe] = np.nan
        self._gone = np.zeros(len(vectors), bool)
        # Products of d terms, and one rounding each of the query, the scale and their product.
        self._error = (vectors.shape[1] + 3) * 2.0**-24

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        length = float(np.linalg.norm(query))
        if length == 0:
            return np.flatnonzero(~self._gone)
        with np.errstate(invalid='ignore', over='ignore'):
            scores = self._products((query / length).astype(np.float32)) * self._scale
        scores[self._gone] = -np.inf
        threshold = np.float64(np.fmax.reduce(scores)) - 2 * self._error - slack / length
        return np.flatnonzero(~(scores < threshold))

    def remove(self, row: int) -> None:
        """See :class:`mmcsod.selection.kernels.base.Kernel`."""
        self._gone[row] = True

    def _products(self, query: np.ndarray) -> np.ndarray:
        if self._vectors.dtype == np.float32:
            return self._vectors @ query
        blocks = range(0, len(self._vectors), HALF_BLOCK)
        return np.concatenate([self._vectors[i:i + HALF_BLOCK].astype(np.float32) @ query for i in blocks])
