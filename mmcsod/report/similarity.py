"""How well a coreset covers the pool, and how much it repeats itself, on the bank's imagewise rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.unit_rows import unit_rows

BLOCK = 4096


@dataclass(frozen=True)
class Similarity:
    """Means over the classes of the pool.

    Attributes:
        coverage: Mean, over a class's rows, of the cosine to the nearest selected row of the class; a class of which
            nothing is selected counts as 0.
        redundancy: Mean, over a class's selected rows, of the cosine to the nearest other one; classes with fewer
            than two are left out, NaN if that is all of them.
        missing: Number of classes of which nothing is selected.
    """

    coverage: float
    redundancy: float
    missing: int


def similarity(bank: FeatureBank, images: np.ndarray) -> Similarity:
    """Measure a coreset.

    Args:
        bank: The bank it was selected from.
        images: (len(bank.images),) bool, the selected images.
    """
    coverages, redundancies, missing = [], [], 0
    for label in np.unique(bank.labels):
        rows = np.flatnonzero(bank.labels == label)
        units = unit_rows(np.asarray(bank.vectors[rows]))
        chosen = images[bank.rows['image'][rows]]
        missing += not chosen.any()
        coverages.append(_nearest(units, units[chosen]).mean() if chosen.any() else 0.0)
        if chosen.sum() > 1:
            redundancies.append(_nearest(units[chosen], units[chosen], skip_self=True).mean())
    return Similarity(
        float(np.mean(coverages)), float(np.mean(redundancies)) if redundancies else float('nan'), missing
    )


def _nearest(rows: np.ndarray, others: np.ndarray, skip_self: bool = False) -> np.ndarray:
    """Return the cosine of each row to its nearest among ``others``, by blocks of rows."""
    nearest = np.empty(len(rows), np.float64)
    for start in range(0, len(rows), BLOCK):
        cosines = rows[start : start + BLOCK] @ others.T
        if skip_self:
            np.fill_diagonal(cosines[:, start:], -np.inf)
        nearest[start : start + BLOCK] = cosines.max(axis=1)
    return nearest
