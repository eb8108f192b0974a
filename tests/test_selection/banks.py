"""Banks to select from in tests."""

import numpy as np
from hypothesis import strategies as st

from mmcsod import FeatureBank
from mmcsod.records.bank import ROW_DTYPE


@st.composite
def random_banks(draw, dtype=np.float32):
    """Small banks with everything that happens: few and many classes, ties, zeros, negatives, norms of any size."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_classes, num_images = draw(st.integers(1, 8)), draw(st.integers(1, 14))
    has_row = rng.random((num_classes, num_images)) < rng.random((num_classes, 1))
    has_row[0, 0] = True
    labels, images = np.nonzero(has_row)
    kind = draw(st.sampled_from(['normal', 'positive', 'integers', 'duplicates', 'near ties', 'collinear']))
    vectors = make_vectors(rng, kind, len(labels), draw(st.sampled_from([1, 2, 5, 16])))
    vectors[rng.random(len(vectors)) < draw(st.sampled_from([0, 0.2]))] = 0
    if dtype == np.float32:
        scaled = rng.random(len(vectors)) < draw(st.sampled_from([0, 0.3, 1]))
        vectors[scaled] *= 10.0 ** draw(st.sampled_from([-44, -38, -30, -26, 26, 30, 37]))
    return FeatureBank.from_arrays(
        vectors.astype(dtype), [f'{i:02}.jpg' for i in images], labels, [f'class {c}' for c in range(num_classes)]
    )


def make_vectors(rng, kind, rows, dimensions):
    normal = rng.normal(size=(rows, dimensions))
    if kind == 'positive':
        return np.abs(normal)
    if kind == 'integers':
        return rng.integers(-1, 2, (rows, dimensions)).astype(float)
    if kind == 'duplicates':
        return normal[rng.integers(0, max(1, rows // 4), rows)]
    if kind == 'near ties':
        return normal[:1] * (1 + rng.integers(-1, 2, (rows, dimensions)) * 2.0**-23)
    if kind == 'collinear':
        return normal[:1] * rng.choice([-2.0, 0.5, 1, 3], (rows, 1))
    return normal


def class_bank(vectors):
    """A bank of one class, one row an image."""
    return FeatureBank.from_arrays(vectors, [f'{i:05}' for i in range(len(vectors))], [0] * len(vectors), ['thing'])


def presence_bank(presence, image_vectors=None):
    """A bank of images '0', '1', ..., whose classes, 'a', 'b', ..., are the true entries of (D, C) ``presence``."""
    labels, images = np.nonzero(np.asarray(presence).T)
    rows = np.ones(len(images), ROW_DTYPE)
    rows['image'], rows['label'] = images, labels
    return FeatureBank(
        vectors=np.ones((len(rows), 2), np.float32),
        rows=rows,
        images=tuple(map(str, range(len(presence)))),
        classes=tuple('abcd'[: np.shape(presence)[1]]),
        image_vectors=None if image_vectors is None else np.asarray(image_vectors, np.float32),
    )


def make_bank(num_images=40, num_classes=4, seed=0, unused=0):
    """A bank of random vectors in random classes, with one to five objects a row; ``unused`` images have no row."""
    rng = np.random.default_rng(seed)
    labels, images = np.nonzero(rng.random((num_classes, num_images)) < 0.4)
    rows = np.zeros(len(labels), ROW_DTYPE)
    rows['image'], rows['label'] = images, labels
    rows['count'] = rng.integers(1, 6, len(rows))
    return FeatureBank(
        vectors=rng.normal(0.5, 1, (len(rows), 8)).astype(np.float32),
        rows=rows,
        images=tuple(f'{i:03}.jpg' for i in range(num_images + unused)),
        classes=tuple(f'class {c}' for c in range(num_classes)),
        provenance={'detector': 'none'},
    )
