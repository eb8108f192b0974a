"""The nearest rows of each row of a class, without the n x n distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.selection.unit_rows import UnitRows

BLOCK_ELEMENTS = 1 << 21
"""Similarities held at a time: 16 MiB."""


@dataclass(frozen=True)
class Neighbours:
    """The k nearest other rows of each of m rows, k or m - 1 if that is less.

    Attributes:
        rows: (m, k) their positions among the m rows.
        cosines: (m, k) float64, descending.
    """

    rows: np.ndarray
    cosines: np.ndarray


def nearest_rows(units: np.ndarray, number: int) -> Neighbours:
    """Find the nearest other rows by cosine, exactly.

    Args:
        units: (m, d) float64 unit rows.
        number: k.
    """
    number = max(0, min(number, len(units) - 1))
    rows, cosines = np.empty((len(units), number), np.intp), np.empty((len(units), number))
    step = max(1, BLOCK_ELEMENTS // max(1, len(units)))
    for begin in range(0, len(units), step):
        part = slice(begin, begin + step)
        similarities = units[part] @ units.T
        own = np.arange(len(similarities))
        similarities[own, begin + own] = -np.inf
        rows[part] = np.argsort(-similarities, axis=1, kind='stable')[:, :number]
        cosines[part] = np.take_along_axis(similarities, rows[part], axis=1)
    return Neighbours(rows, cosines)


def read_all(units: UnitRows, rows: np.ndarray) -> np.ndarray:
    """Return the unit vectors of some rows, (m, d) float64."""
    parts = [block for _, block in units.read(rows)]
    return np.concatenate(parts) if parts else np.empty((0, len(units.total)))
