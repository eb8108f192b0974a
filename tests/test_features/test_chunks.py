"""Chunks are joined into a bank without being read more often than needed."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.lib.npyio import NpzFile

from mmcsod import FeatureBank
from mmcsod.features import chunks
from mmcsod.features.averaging import ImageFeatures, chunk_arrays
from mmcsod.features.image_view import ImageView
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE
from mmcsod.records.bank_checks import OF_IMAGES
from mmcsod.util.errors import UserError


def write_chunk(store, chunk, lacks=(), **changed):
    """Write a chunk of four images with an object of each of two classes, the vectors telling image and class."""
    rows = np.array([(image, label, 1) for image in store.indices(chunk) for label in (0, 1)], ROW_DTYPE)
    vectors = np.stack([rows['image'], rows['label'], rows['count']], 1).astype(np.float32)
    arrays = {
        'rows': rows,
        'vectors': vectors,
        'object_vectors': vectors,
        **{name: np.zeros(0, int) for name in ('unreadable', 'not_finite', 'constant')},
        **{name: np.zeros((4, *shape), dtype) for name, (dtype, shape) in OF_IMAGES.items()},
        'image_vectors': np.array(store.indices(chunk), np.float32)[:, None],
        **changed,
    }
    store.write(chunk, {name: array for name, array in arrays.items() if name not in lacks})


def made_up(store, chunk, width):
    """Return the arrays of a chunk whose images have an object each, with vectors of a width; none was read for 0."""
    view = ImageView((8, 6), 1, np.zeros((32, 32), np.uint8), False)
    own = ImageFeatures(np.ones((1, width), np.float32), np.ones(2, np.float32), view)
    pool = SimpleNamespace(objects_of=lambda index: np.zeros(1, OBJECT_DTYPE))
    return chunk_arrays(store.indices(chunk), dict.fromkeys(store.indices(chunk) if width else (), own), pool, True)


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
    assert set(read.values()) == {3}
    assert {'rows', 'vectors', 'image_vectors', 'object_vectors', 'pixels'} <= set(read)
    bank = FeatureBank.load(tmp_path / 'features')
    np.testing.assert_array_equal(bank.vectors[:, :2].T, [[*range(12)] * 2, [0] * 12 + [1] * 12])
    np.testing.assert_array_equal(bank.image_vectors[:, 0], range(12))
    np.testing.assert_array_equal(bank.object_vectors[:, 0], np.repeat(range(12), 2))


def test_a_chunk_of_images_that_could_not_be_read_is_joined_too(tmp_path, monkeypatch):
    """It has an image vector for each image, of no dimensions."""
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    store = chunks.ChunkStore(tmp_path / 'features', 8)
    store.begin({})
    for chunk, width in enumerate((0, 3)):
        store.write(chunk, made_up(store, chunk, width))
    objects = np.zeros(4, OBJECT_DTYPE)
    store.publish(images=tuple(map(str, range(8))), classes=('x',), objects=objects, provenance={})
    bank = FeatureBank.load(tmp_path / 'features')
    np.testing.assert_array_equal(bank.image_vectors[:, 0], [0] * 4 + [1] * 4)
    assert bank.vectors.shape == bank.object_vectors.shape == (4, 3)


def test_vectors_of_two_widths_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 2)
    store = chunks.ChunkStore(tmp_path / 'features', 4)
    store.begin({})
    for chunk, width in enumerate((3, 5)):
        store.write(chunk, made_up(store, chunk, width))
    with pytest.raises(UserError, match='of 3 and of 5'):
        store.publish(images=('a', 'b', 'c', 'd'), classes=('x',), objects=np.zeros(4, OBJECT_DTYPE), provenance={})
    assert not (tmp_path / 'features/meta.json').exists()


def test_a_chunk_that_is_damaged_or_lacks_an_array_or_an_image_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    store = chunks.ChunkStore(tmp_path / 'features', 24)
    store.begin({})
    write_chunk(store, 0, unreadable=np.array([1]))
    write_chunk(store, 1, lacks=['constant'])
    for chunk, damage in enumerate((lambda b: b[:100] + b'?' + b[101:], lambda b: b[:-200], lambda b: b''), start=2):
        write_chunk(store, chunk)
        store.path(chunk).write_bytes(damage(store.path(chunk).read_bytes()))
    write_chunk(store, 5)
    store.drop_incomplete()
    assert store.missing() == [0, 1, 2, 3, 4]
