"""Chunks are joined into a bank without being read more often than needed."""

from collections import Counter

import numpy as np
from numpy.lib.npyio import NpzFile

from mmcsod import FeatureBank
from mmcsod.bank import OBJECT_DTYPE, ROW_DTYPE
from mmcsod.features import chunks


def write_chunk(store, chunk):
    """Write a chunk of four images with an object of each of two classes, the vectors telling image and class."""
    rows = np.array([(image, label, 1) for image in store.indices(chunk) for label in (0, 1)], ROW_DTYPE)
    vectors = np.stack([rows['image'], rows['label'], rows['count']], 1).astype(np.float32)
    store.write(
        chunk,
        {
            'rows': rows,
            'vectors': vectors,
            'object_vectors': vectors,
            'unreadable': np.zeros(0, int),
            'image_vectors': np.array(store.indices(chunk), np.float32)[:, None],
        },
    )


def test_joining_reads_each_array_once(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    store = chunks.ChunkStore(tmp_path / 'features', 12)
    store.begin({})
    for chunk in range(3):
        write_chunk(store, chunk)
    read = Counter()
    get = NpzFile.__getitem__
    monkeypatch.setattr(NpzFile, '__getitem__', lambda file, name: read.update([name]) or get(file, name))
    objects = np.zeros(24, OBJECT_DTYPE)
    store.publish(images=tuple(map(str, range(12))), classes=('x', 'y'), objects=objects, provenance={})
    assert read == {'rows': 3, 'vectors': 3, 'image_vectors': 3, 'object_vectors': 3}
    bank = FeatureBank.load(tmp_path / 'features')
    np.testing.assert_array_equal(bank.vectors[:, :2].T, [[*range(12)] * 2, [0] * 12 + [1] * 12])
    np.testing.assert_array_equal(bank.image_vectors[:, 0], range(12))
    np.testing.assert_array_equal(bank.object_vectors[:, 0], np.repeat(range(12), 2))
