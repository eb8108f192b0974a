"""Arrays on disk, and their checksums."""

import hashlib
import pickle

import numpy as np
import pytest

from mmcsod.records import arrays
from mmcsod.records.arrays import block_checksums, read_array, write_array
from mmcsod.util.errors import UserError
from tests.tool import open_files


@pytest.mark.parametrize(
    'array',
    [
        np.arange(12, dtype=np.float32).reshape(3, 4),
        np.zeros((0, 5), np.float16),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.ones(3, [('image', '<i8'), ('box', '<f4', (4,))]),
        np.arange(24, dtype=np.float32).reshape(6, 4)[::2],
    ],
    ids=range(5),
)
def test_the_bytes_are_those_of_numpy_and_the_checksum_theirs(array, tmp_path):
    checksum = write_array(tmp_path / 'ours.npy', array)
    np.save(tmp_path / 'numpys.npy', array)
    content = (tmp_path / 'ours.npy').read_bytes()
    assert content == (tmp_path / 'numpys.npy').read_bytes()
    assert checksum == hashlib.sha256(content).hexdigest()
    np.testing.assert_array_equal(read_array(tmp_path / 'ours.npy', sha256=checksum), array)


def header(text, data=b''):
    """A file of numpy's with a header of one's own."""
    text = text.encode().ljust(117) + b'\n'
    return b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text + data


DAMAGED = {
    'empty': b'',
    'text': b'hello',
    'cut': header("{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }", bytes(35)),
    'a zip': b'PK\x03\x04',
    'begun': b'\x93NUMPY',
    'brackets': b'\x93NUMPY\x01\x00\x04\x00((((',
    'another version': b'\x93NUMPY\x09\x00\x04\x00{}  ',
    'huge': header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000, 4), }"),
    'huger': header("{'descr': '<f4', 'fortran_order': False, 'shape': (1" + '0' * 40 + ', 4), }'),
    'objects': header("{'descr': '|O', 'fortran_order': False, 'shape': (1, )}", pickle.dumps([{}])),
    'no header': header('{}'),
    'code': header("__import__('os').system('true')"),
    'nested': header('(' * 50 + ')' * 50),
}


@pytest.mark.parametrize('memory_map', [False, True])
@pytest.mark.parametrize('damage', [*DAMAGED, 'a folder', 'gone'])
def test_damaged_files_are_one_sentence(damage, memory_map, tmp_path):
    if damage in DAMAGED:
        (tmp_path / 'a.npy').write_bytes(DAMAGED[damage])
    elif damage == 'a folder':
        (tmp_path / 'a.npy').mkdir()
    with pytest.raises(UserError, match=r'a\.npy (is not a readable array|cannot be read: Is a directory)'):
        read_array(tmp_path / 'a.npy', memory_map)


def test_a_class_has_the_checksums_of_its_own_blocks(monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_ELEMENTS', 6)
    vectors = np.arange(15, dtype=np.float32).reshape(5, 3)
    found = block_checksums(vectors, np.array([0, 0, 0, 2, 2]), 3)
    expected = [[vectors[:2], vectors[2:3]], [], [vectors[3:]]]
    assert found == [[hashlib.sha256(block.tobytes()).hexdigest() for block in blocks] for blocks in expected]


def test_what_the_system_refuses_is_no_damage(tmp_path):
    write_array(tmp_path / 'a.npy', np.zeros(3))
    with open_files(3), pytest.raises(UserError, match=r'a\.npy cannot be read: Too many open files\.'):
        read_array(tmp_path / 'a.npy', memory_map=True)
