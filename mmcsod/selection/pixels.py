"""Compare images by small grey copies of themselves: no detector is asked, and a small shift of the camera forgiven."""

from collections.abc import Callable

import numpy as np

from mmcsod.selection.unit_rows import parts

SIGMA = 2.0
"""Cells; what is wider than this is light and shade, not detail, and is taken off."""

SHIFT = 3
"""Cells of the 32 by which two images may be shifted against each other: 9 % of the side."""

SAME_PLACE = 0.5
"""Correlation of the details from which two images show one place, perhaps with other objects in it."""

SAME_PICTURE = 0.7
MOST_IN_A_PART = 0.03
"""Two images show the same, objects included, if their details correlate so much, and no part of 7 x 7 parts holds more
of the difference than this, where all of either image's details are 1."""

PARTS = 7
CANDIDATES = 40
"""Images of the pool, the nearest by coarse pixels, that another image is compared with in detail."""

COARSE = 16
PAIRS = 4096
"""Pairs that are compared at a time."""

IMAGES = 512


def details(pixels: np.ndarray) -> np.ndarray:
    """Return the cells less their surroundings, (n, 32, 32) float32, of a bank's ``pixels``."""
    from scipy.ndimage import gaussian_filter  # takes longer to import than most selections take

    cells = np.asarray(pixels, np.float32)
    return cells - gaussian_filter(cells, (0, SIGMA, SIGMA))


def same_place(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for each pair of details, (n, 32, 32) float each, whether they are of one place: (n,) bool."""
    return _compare(ones.astype(np.float32), others.astype(np.float32))[0] >= SAME_PLACE


def leaks(
    pool: np.ndarray, validation: np.ndarray, agree: Callable[[int, int], bool] = lambda index, image: True
) -> np.ndarray:
    """Return for each validation image the index of the pool's that shows the same, the most alike; -1 if none does.

    Both are (n, 32, 32) uint8. Each is compared with the ``CANDIDATES`` images of the pool that are nearest by coarse
    pixels. ``agree`` says of two that do whether they show the same objects; equal pixels are the same unasked.
    """
    found = np.full(len(validation), -1, np.int64)
    if not len(pool):
        return found
    pool_coarse = _coarse(pool)
    number = min(CANDIDATES, len(pool))
    for part in parts(len(validation), IMAGES):
        block = validation[part]
        nearest = np.argpartition(_coarse(block) @ -pool_coarse.T, number - 1, axis=1)[:, :number]
        correlations, differences = _compare_all(block, pool, nearest)
        is_same = (correlations >= SAME_PICTURE) & (differences <= MOST_IN_A_PART)
        for pair in np.flatnonzero(is_same):
            row, own = part.start + int(pair) // number, int(nearest.flat[pair])
            is_same[pair] = np.array_equal(validation[row], pool[own]) or agree(row, own)
        scores = np.where(is_same, correlations, -np.inf).reshape(nearest.shape)
        best = scores.argmax(axis=1)
        rows = np.flatnonzero(is_same.reshape(nearest.shape).any(axis=1))
        found[part.start + rows] = nearest[rows, best[rows]]
    return found


def _compare_all(block: np.ndarray, pool: np.ndarray, nearest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compare each image of a block with its nearest of the pool, (n, k) indices: values of n * k pairs."""
    near, others = np.unique(nearest, return_inverse=True)
    ones, others = np.repeat(np.arange(len(block)), nearest.shape[1]), others.ravel()
    one, other = details(block), details(pool[near])
    found = [_compare(one[ones[pairs]], other[others[pairs]]) for pairs in parts(len(ones), PAIRS)]
    correlations, worst = zip(*found, strict=True)
    return np.concatenate(correlations), np.concatenate(worst)


def _coarse(pixels: np.ndarray) -> np.ndarray:
    """Return (n, 256) float32 rows of length 1, whose products are correlations of the images at 16 x 16."""
    step = pixels.shape[1] // COARSE
    cells = pixels.reshape(len(pixels), COARSE, step, COARSE, step).mean(axis=(2, 4), dtype=np.float32)
    return _normalised(cells).reshape(len(pixels), -1)


def _normalised(images: np.ndarray) -> np.ndarray:
    """Return images, (n, a, b), of mean 0 and length 1; those of one value become zeros."""
    centred = images - images.mean(axis=(1, 2), keepdims=True)
    lengths = np.sqrt(np.square(centred).sum(axis=(1, 2), keepdims=True))
    return np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-3)


def _compare(ones: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay pairs of details over each other as they fit best, and compare what both show.

    Returns:
        (n,) correlation, and (n,) the largest sum of squared differences in one of 7 x 7 parts, the details of either
        image having the sum 1.
    """
    down, right = _shifts(ones, others)
    inside = np.arange(SHIFT, ones.shape[1] - SHIFT)
    pair = np.arange(len(ones))[:, None, None]
    first = _normalised(ones[:, SHIFT:-SHIFT, SHIFT:-SHIFT])
    second = _normalised(others[pair, (down[:, None] + inside)[:, :, None], (right[:, None] + inside)[:, None]])
    correlations = (first * second).sum(axis=(1, 2))
    differences = np.pad(np.square(first - second), ((0, 0), (1, 1), (1, 1)))
    step = differences.shape[1] // PARTS
    sums = differences.reshape(len(ones), PARTS, step, PARTS, step).sum(axis=(2, 4))
    return correlations, sums.max(axis=(1, 2), initial=0)


def _shifts(ones: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how many cells, down and to the right, others are shifted against ones: cyclic correlation's peak."""
    from scipy.fft import irfft2, rfft2

    product = np.conj(rfft2(ones)) * rfft2(others)
    surface = irfft2(product, s=ones.shape[1:])
    width = 2 * SHIFT + 1
    near = np.roll(surface, (SHIFT, SHIFT), axis=(1, 2))[:, :width, :width].reshape(len(ones), width**2)
    down, right = np.divmod(near.argmax(axis=1), width)
    return down - SHIFT, right - SHIFT
