"""The pool as a map: its images on their first two principal components."""

import numpy as np
from scipy.sparse.linalg import svds

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.unit_rows import parts, unit_rows

BLOCK = 4096
"""Vectors read at a time."""

SMALL = 8
"""Images or dimensions below which all components are computed."""


def map_pool(bank: FeatureBank) -> tuple[np.ndarray, list[float]]:
    """Project each image, the mean of its unit vectors, onto the two directions of largest variance.

    Returns:
        (D, 2) float64, NaN for images without vectors; and each direction's share of the variance.
    """
    means, counts = _image_means(bank)
    held = counts > 0
    points = np.full((len(bank.images), 2), np.nan)
    centred = means[held] - means[held].mean(axis=0)
    total = float(np.square(centred, dtype=np.float64).sum())
    points[held] = _principal_scores(centred) if total > 0 else 0
    shares = np.square(points[held]).sum(axis=0) / total if total > 0 else np.zeros(2)
    return points, shares.tolist()


def _image_means(bank: FeatureBank) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean unit vector of each image, (D, d) float32, and its number of vectors."""
    images = bank.rows['image']
    means = np.zeros((len(bank.images), bank.vectors.shape[1]), np.float32)
    for block in parts(len(images), BLOCK):
        np.add.at(means, images[block], unit_rows(np.asarray(bank.vectors[block])))
    counts = np.bincount(images, minlength=len(bank.images))
    means /= np.maximum(counts, 1)[:, None]
    return means, counts


def _principal_scores(centred: np.ndarray) -> np.ndarray:
    """Return the (n, 2) float64 coordinates of rows, whose mean is 0, along their two main directions."""
    if min(centred.shape) < SMALL:
        left, lengths, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    else:
        start = np.random.default_rng(0).normal(size=min(centred.shape)).astype(centred.dtype)
        left, lengths, _ = svds(centred, k=2, v0=start)
        left, lengths = left[:, ::-1], lengths[::-1]
    known = min(2, len(lengths))
    scores = np.zeros((len(centred), 2))
    scores[:, :known] = left[:, :known] * lengths[:known]
    # A direction's sign means nothing: let the farthest point lie to the right, and above.
    farthest = np.abs(scores).argmax(axis=0)
    return scores * np.where(scores[farthest, [0, 1]] < 0, -1, 1)
