import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, Pick
from mmcsod.features.averaging import classwise_means
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE

CLASSES = ('cat', 'dog')


def make_bank(objects, vectors):
    """Return the bank that Stage 1 makes of (image, label, box, ignored) objects and the vectors of those not ignored.

    Images are numbered from 0 and named a, b, c, ...
    """
    table = np.zeros(len(objects), OBJECT_DTYPE)
    for row, (image, label, box, ignored) in zip(table, objects, strict=True):
        row['image'], row['label'], row['box'], row['ignored'] = image, label, box, ignored
    used, vectors = table[~table['ignored']], np.asarray(vectors, np.float32)
    rows, means = [], []
    for image in np.unique(used['image']):
        chosen = used['image'] == image
        for mean, label, count in zip(*classwise_means(vectors[chosen], used['label'][chosen]), strict=True):
            rows.append((image, label, count))
            means.append(mean)
    order = sorted(range(len(rows)), key=lambda i: (rows[i][1], rows[i][0]))
    names = tuple(chr(ord('a') + i) for i in range(table['image'].max() + 1))
    return FeatureBank(
        vectors=np.array(means)[order],
        rows=np.array([rows[i] for i in order], ROW_DTYPE),
        images=names,
        classes=CLASSES,
        objects=table,
        object_vectors=vectors,
    )


def make_coreset(images, label=0):
    return Coreset(tuple(Pick(image, label) for image in images), CLASSES, 'by hand')


@pytest.fixture(name='bank')
def bank_by_hand():
    """Cats in a (two), b, c; a dog in c. Cat vectors point along x, x, y and the diagonal."""
    return make_bank(
        [
            (0, 0, (0, 0, 10, 10), False),
            (0, 0, (0, 0, 50, 50), False),
            (1, 0, (5, 5, 205, 205), False),
            (2, 0, (0, 0, 20, 200), False),
            (2, 1, (0, 0, 9, 9), False),
            (2, 1, (0, 0, 300, 300), True),
        ],
        [[1, 0], [2, 0], [0, 3], [1, 1], [1, 0]],
    )
