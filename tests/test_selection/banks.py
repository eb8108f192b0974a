"""Banks to select from in tests."""

import numpy as np
from hypothesis import strategies as st

from mmcsod import FeatureBank


@st.composite
def random_banks(draw, dtype=np.float32):
    """Small banks with everything that happens: few and many classes, ties, zeros, negatives, many-class images."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_classes, num_images = draw(st.integers(1, 8)), draw(st.integers(1, 14))
    has_row = rng.random((num_classes, num_images)) < rng.random((num_classes, 1))
    has_row[0, 0] = True
    labels, images = np.nonzero(has_row)
    kind = draw(st.sampled_from(['normal', 'positive', 'integers', 'duplicates', 'near ties', 'collinear']))
    vectors = make_vectors(rng, kind, len(labels), draw(st.sampled_from([1, 2, 5, 16])))
    vectors[rng.random(len(vectors)) < draw(st.sampled_from([0, 0.2]))] = 0
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
