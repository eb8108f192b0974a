"""Arrays on disk, and their checksums."""

import hashlib
import resource

import numpy as np
import pytest

from mmcsod.records import arrays
from mmcsod.records.arrays import block_checksums, read_array, write_array
from mmcsod.util.errors import UserError


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


@pytest.mark.parametrize('memory_map', [False, True])
@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\x93NUMPY',
        b'PK\x03\x04',
        b'\x93NUMPY\x01\x00\x04\x00((((',
        b'\x93NUMPY\x09\x00\x04\x00{}  ',
        b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (9000000000000000,)}\n",
        b"\x93NUMPY\x01\x00\x36\x00{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        b"\x93NUMPY\x01\x00\x36\x00{'descr': '|O', 'fortran_order': False, 'shape': (1, )} ",
    ],
)
def test_damaged_headers_are_one_sentence(content, memory_map, tmp_path):
    (tmp_path / 'a.npy').write_bytes(content)
    with pytest.raises(UserError, match=r'a\.npy is not a readable array'):
        read_array(tmp_path / 'a.npy', memory_map)


def test_a_class_has_the_checksums_of_its_own_blocks(monkeypatch):
    monkeypatch.setattr(arrays, 'BLOCK_ELEMENTS', 6)
    vectors = np.arange(15, dtype=np.float32).reshape(5, 3)
    found = block_checksums(vectors, np.array([0, 0, 0, 2, 2]), 3)
    expected = [[vectors[:2], vectors[2:3]], [], [vectors[3:]]]
    assert found == [[hashlib.sha256(block.tobytes()).hexdigest() for block in blocks] for blocks in expected]


def test_what_the_system_refuses_is_no_damage(tmp_path):
    write_array(tmp_path / 'a.npy', np.zeros(3))
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(UserError, match=r'a\.npy cannot be read: Too many open files\.'):
            read_array(tmp_path / 'a.npy', memory_map=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
