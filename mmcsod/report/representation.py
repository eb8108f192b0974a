"""What each pick stands for: the rows of a class that are nearest to it and to no other pick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.similarity import BLOCK
from mmcsod.selection.unit_rows import unit_rows


@dataclass(frozen=True)
class ClassView:
    """One class of the pool beside the picks that hold it.

    Attributes:
        images: (n,) int64, the image of each of the class's rows.
        nearest: (n,) int64, rank from 0 of the pick whose row of this class is nearest to each row, the earlier of
            two that are equally near; -1 everywhere if no pick holds the class.
        cosines: (n,) float32, the cosine to it; 0 if no pick holds the class.
        coverage: (N,) float64, mean over the rows of the cosine to the nearest of the first 1, 2, ... N picks; NaN
            before the first pick that holds the class.
    """

    images: np.ndarray
    nearest: np.ndarray
    cosines: np.ndarray
    coverage: np.ndarray


def represent(bank: FeatureBank, picks: np.ndarray) -> dict[int, ClassView]:
    """Assign every row of the bank to a pick that holds its class.

    Args:
        bank: The pool.
        picks: (N,) int64, the images picked, in pick order.

    Returns:
        A view of each class that has rows, by label.
    """
    ranks = np.full(len(bank.images), -1, np.int64)
    ranks[picks] = np.arange(len(picks))
    return {int(label): _view(bank, int(label), ranks, len(picks)) for label in np.unique(bank.labels)}


def _view(bank: FeatureBank, label: int, ranks: np.ndarray, num_picks: int) -> ClassView:
    rows = np.flatnonzero(bank.labels == label)
    images = bank.rows['image'][rows]
    units = unit_rows(np.asarray(bank.vectors[rows]))
    held = np.flatnonzero(ranks[images] >= 0)
    held = held[np.argsort(ranks[images[held]], kind='stable')]
    if not len(held):
        return ClassView(images, np.full(len(rows), -1), np.zeros(len(rows), np.float32), np.full(num_picks, np.nan))
    columns, cosines, sums = _nearest(units, units[held])
    holders = ranks[images[held]]
    # How many of the picks so far hold the class, at each rank; none means no coverage.
    counts = np.searchsorted(holders, np.arange(num_picks), side='right')
    return ClassView(images, holders[columns], cosines, np.concatenate([[np.nan], sums / len(rows)])[counts])


def _nearest(units: np.ndarray, picked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the nearest picked row of each row, the cosine to it, and the sum of the best cosines so far."""
    columns, best = np.empty(len(units), np.int64), np.empty(len(units), np.float32)
    sums = np.zeros(len(picked))
    for start in range(0, len(units), BLOCK):
        block = slice(start, start + BLOCK)
        cosines = units[block] @ picked.T
        columns[block] = cosines.argmax(axis=1)
        np.maximum.accumulate(cosines, axis=1, out=cosines)
        best[block] = cosines[:, -1]
        sums += cosines.sum(axis=0, dtype=np.float64)
    return columns, best, sums
