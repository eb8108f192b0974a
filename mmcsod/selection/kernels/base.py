"""What a kernel promises."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Kernel(Protocol):
    """Searches one class's remaining rows for the highest inner products with a query.

    A kernel only proposes, in low precision; float64 decides (see :mod:`mmcsod.selection.objective`). All it must
    get right is to leave no row out, which it does by knowing a bound on its own error.
    """

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """Return indices of remaining rows, among them every one that may be within ``slack`` of the best.

        Args:
            query: (d,) float64.
            slack: What a row's exact product with the query may lack to the highest one.
        """

    def remove(self, row: int) -> None:
        """Take a row out of the search."""
