"""The pool as a map: the first two principal components of its images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.similarity import BLOCK
from mmcsod.selection.unit_rows import unit_rows

GUARD, ROUNDS = 8, 8


@dataclass(frozen=True)
class PoolMap:
    """Images as points.

    Attributes:
        points: (D, 2) float64, NaN for images without rows.
        shares: Share of the variance that each of the two axes shows.
    """

    points: np.ndarray
    shares: tuple[float, float]


def map_pool(bank: FeatureBank) -> PoolMap:
    """Project each image, the mean of its unit rows, onto the two directions of largest variance.

    The directions come from subspace iteration, so no d x d matrix is made; the result does not depend on a seed
    beyond rounding.
    """
    means, counts = _image_means(bank)
    held = counts > 0
    points = np.full((len(bank.images), 2), np.nan)
    centred = means[held] - means[held].mean(axis=0)
    total = float(np.square(centred, dtype=np.float64).sum())
    scores = _principal_scores(centred)
    points[held] = scores
    shares = np.square(scores).sum(axis=0) / total if total > 0 else np.zeros(2)
    return PoolMap(points, (float(shares[0]), float(shares[1])))


def _image_means(bank: FeatureBank) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean unit row of each image, (D, d) float32, and its number of rows."""
    images = bank.rows['image']
    means = np.zeros((len(bank.images), bank.vectors.shape[1]), np.float32)
    for start in range(0, len(images), BLOCK):
        np.add.at(means, images[start : start + BLOCK], unit_rows(np.asarray(bank.vectors[start : start + BLOCK])))
    counts = np.bincount(images, minlength=len(bank.images))
    means /= np.maximum(counts, 1)[:, None]
    return means, counts


def _principal_scores(centred: np.ndarray) -> np.ndarray:
    """Return the (n, 2) float64 coordinates of rows, whose mean is 0, along their two main directions."""
    basis = np.random.default_rng(0).normal(size=(centred.shape[1], GUARD)).astype(np.float32)
    for _ in range(ROUNDS):
        basis = np.linalg.qr(centred.T @ (centred @ basis))[0]
    inside = (centred @ basis).astype(np.float64)
    directions = np.linalg.eigh(inside.T @ inside)[1][:, ::-1]
    scores = np.zeros((len(centred), 2))
    known = min(2, directions.shape[1])
    scores[:, :known] = inside @ directions[:, :known]
    # A direction's sign means nothing: let the farthest point lie to the right, and above.
    farthest = np.abs(scores).argmax(axis=0)
    return scores * np.where(scores[farthest, [0, 1]] < 0, -1, 1)
