"""What a kernel promises, and the arithmetic every one needs for it."""

import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from mmcsod.util.errors import UserError

HALF_ULP = 2.0**-24
"""Relative rounding error of one float32 operation."""


KernelFactory = Callable[[np.ndarray, np.ndarray, np.ndarray], 'Kernel']
"""Makes the kernel of one class from its vectors, (n, d) float32 or float16, their inverse norms, (n,) float64, and
which of them take part, (n,) bool."""


class Kernel(Protocol):
    """Searches one class's remaining rows for the highest inner products with a query.

    A kernel only proposes, in low precision; float64 decides (see :mod:`mmcsod.selection.objective`). All it must
    get right is to leave no row out, for which it knows a bound on its own error.
    """

    def propose(self, query: np.ndarray, slack: float) -> np.ndarray:
        """Return remaining rows, int64, among them every one whose product may be within ``slack`` of the highest.

        ``query`` is (d,) float64; ``slack`` is what a unit row's exact product with it may lack to the highest one.
        """

    def remove(self, row: int) -> None:
        """Take a row out of the search."""


def unit_query(query: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a query at unit length, where float32 and float16 can hold it, and its length; float64."""
    largest = np.abs(query).max(initial=0)
    if largest == 0:
        return query, 0.0
    scaled = query / largest
    length = math.sqrt(scaled @ scaled)
    return scaled / length, length * float(largest)


def product_error(dimensions: int) -> float:
    """Bound the error of a float32 product of a unit row with a unit query.

    Any order of summation errs by at most d roundings of sum |p_k w_k| <= 1; rounding the query, scaling by the
    inverse norm and rounding that norm add three.
    """
    return (dimensions + 3) * HALF_ULP


def scales(inverse_norms: np.ndarray) -> np.ndarray:
    """Return inverse norms as float32, NaN where a norm leaves the range in which the error bound holds.

    A NaN score can never be shown to be too low, so such rows are always proposed.
    """
    safe = (inverse_norms == 0) | ((inverse_norms > 1e-25) & (inverse_norms < 1e25))
    return np.where(safe, inverse_norms, np.nan).astype(np.float32)


def missing_package(name: str, error: ImportError | None = None) -> UserError:
    """Return what to tell a user whose kernel, 'torch' or 'faiss', needs a package that cannot be imported."""
    title, command = {
        'torch': ('PyTorch', "pip install torch'"),
        'faiss': ('FAISS', "pip install faiss-cpu' (or faiss-gpu)"),
    }[name]
    reason = 'is not installed' if error is None else f'cannot be imported ({error})'
    return UserError(
        f"The {name} kernel needs {title}, which {reason}; install it with '{command}, or choose the kernel numpy."
    )
