"""A chunk that is damaged, or odd in any way, is made again."""

import warnings

import numpy as np
import pytest

from mmcsod.features import chunks
from mmcsod.features.chunk_checks import is_complete
from mmcsod.records.bank import LABEL_SCORE_DTYPE, ROW_DTYPE


@pytest.fixture
def chunk(tmp_path):
    """A whole one, of the images 4 to 7."""
    rows = np.array([(image, label, 1) for image in range(4, 8) for label in (0, 1)], ROW_DTYPE)
    vectors = np.ones((8, 3), np.float32)
    np.savez(
        tmp_path / 'chunk.npz',
        rows=rows,
        vectors=vectors,
        object_vectors=vectors,
        label_scores=np.zeros(8, LABEL_SCORE_DTYPE),
        image_vectors=np.ones((4, 2), np.float32),
        unreadable=np.zeros(0, np.int64),
        not_finite=np.array([5]),
        constant=np.array([6]),
        sizes=np.ones((4, 2), np.int32),
        orientations=np.ones(4, np.uint8),
        pixels=np.ones((4, 32, 32), np.uint8),
    )
    return tmp_path / 'chunk.npz'


def change(path, leave_out=None, **arrays):
    with path.open('rb') as file, np.load(file) as found:
        changed = {name: array for name, array in {**found, **arrays}.items() if name != leave_out}
    np.savez(path, **changed)


def test_a_whole_one_is_complete(chunk):
    assert is_complete(chunk, range(4, 8))
    for name in ('object_vectors', 'label_scores'):
        change(chunk, leave_out=name)
        assert is_complete(chunk, range(4, 8))


@pytest.mark.parametrize('name', ['rows', 'vectors', 'image_vectors', 'unreadable', 'not_finite', 'constant', 'pixels'])
def test_one_without_an_array_is_not(name, chunk):
    change(chunk, leave_out=name)
    assert not is_complete(chunk, range(4, 8))


@pytest.mark.parametrize(
    'arrays',
    [
        {'rows': np.zeros(8)},
        {'sizes': np.ones((3, 2), np.int32)},
        {'rows': np.array([[(4, 0, 1)]] * 8, ROW_DTYPE)},
        {'rows': np.array([(8, 0, 1)] * 8, ROW_DTYPE)},
        {'vectors': np.float32(1)},
        {'vectors': np.ones(8, np.float32)},
        {'vectors': np.ones((7, 3), np.float32)},
        {'vectors': np.full((8, 3), 'a')},
        {'object_vectors': np.ones((9, 3), np.float32)},
        {'label_scores': np.zeros(7, LABEL_SCORE_DTYPE)},
        {'label_scores': np.zeros(8)},
        {'image_vectors': np.ones((3, 2), np.float32)},
        {'image_vectors': np.ones((4, 2))},
        {'unreadable': np.array([4])},
        {'unreadable': np.float32(0)},
        {'not_finite': np.array([3])},
        {'not_finite': np.array(['a'])},
    ],
    ids=lambda arrays: ' '.join(f'{name} {array.shape} {array.dtype}' for name, array in arrays.items())[:40],
)
def test_one_with_an_odd_array_is_not(arrays, chunk):
    change(chunk, **arrays)
    assert not is_complete(chunk, range(4, 8))


@pytest.mark.parametrize('content', [b'', b'hello', b'PK\x03\x04 and no more', None])
def test_a_damaged_one_is_not_and_no_file_stays_open(content, chunk, tmp_path):
    if content is None:
        chunk.unlink()
        chunk.mkdir()
    else:
        chunk.write_bytes(content)
    with warnings.catch_warnings(record=True) as left_open:
        warnings.simplefilter('always')
        assert not is_complete(chunk, range(4, 8))
    assert not left_open


def test_dropping_takes_whatever_stands_in_its_place(chunk, tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    store = chunks.ChunkStore(tmp_path / 'features', 8)
    store.begin({})
    store.path(0).mkdir()
    chunk.rename(store.path(1))
    store.drop_incomplete()
    assert store.missing() == [0]
