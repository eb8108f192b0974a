"""Feature banks of real shape with made-up vectors, for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmcsod import FeatureBank

VOC_SIZES = (716, 603, 811, 549, 812, 467, 1284, 1128, 1366, 340, 691, 1341, 526, 575, 9583, 613, 357, 742, 589, 645)
"""Images of each class in VOC 2012, in 17,125 images."""

COCO_SIZES = tuple(round(66_400 / rank) for rank in range(1, 81))
"""Zipf's law over 80 classes, 329,671 rows, for COCO's 118,287 images."""

SHAPES = {'voc': (VOC_SIZES, 17_125), 'coco': (COCO_SIZES, 118_287)}

FACTORS = 128
SPREAD = 0.384
"""Variance around a class's mean over the squared mean: the mean of its unit rows is about 0.85 long."""


def make_bank(sizes: Sequence[int], num_images: int, dimensions: int, seed: int = 0) -> FeatureBank:
    """Make a class-major bank of class sizes as given, each class's rows in images drawn at random.

    The vectors are rectified; around their class mean they have a power-law spectrum (the k-th variance falls as
    1 / k, an eighth is noise), which is about what pooled CNN features of one class show.

    Args:
        sizes: Images of each class.
        num_images: D.
        dimensions: d.
        seed: Seeds everything.

    Returns:
        A bank of float32 vectors, (sum of sizes, dimensions).
    """
    rng = np.random.default_rng(seed)
    vectors = np.empty((sum(sizes), dimensions), np.float32)
    begin = 0
    for size in sizes:
        fill_class(vectors[begin : begin + size], rng)
        begin += size
    images = np.concatenate([np.sort(rng.choice(num_images, size, replace=False)) for size in sizes])
    return FeatureBank.from_arrays(
        vectors,
        [f'{image:06}.jpg' for image in images],
        np.repeat(np.arange(len(sizes)), sizes),
        [f'class {c}' for c in range(len(sizes))],
    )


def fill_class(vectors: np.ndarray, rng: np.random.Generator) -> None:
    """Fill (n, d) float32 in place with one class's vectors."""
    dimensions = vectors.shape[1]
    mean = np.abs(rng.standard_normal(dimensions, np.float32))
    mean /= np.linalg.norm(mean)
    scales = np.arange(1, FACTORS + 1, dtype=np.float32) ** -0.5
    scales *= np.sqrt(SPREAD * 7 / 8 / (scales**2).sum() / dimensions)
    directions = rng.standard_normal((FACTORS, dimensions), np.float32) * scales[:, None]
    for begin in range(0, len(vectors), 4096):
        block = vectors[begin : begin + 4096]
        rng.standard_normal(out=block, dtype=np.float32)
        block *= np.float32(np.sqrt(SPREAD / 8 / dimensions))
        block += rng.standard_normal((len(block), FACTORS), np.float32) @ directions
        block += mean
        np.maximum(block, 0, out=block)
