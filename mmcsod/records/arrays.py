"""Arrays on disk: plain .npy files, nothing pickled, with their SHA-256."""

import hashlib
import itertools
from pathlib import Path
from typing import IO, Any

import numpy as np

from mmcsod.util.errors import UserError

BLOCK_BYTES = 1 << 20
BLOCK_ELEMENTS = 1 << 18
"""Elements of a block of rows: 2 MiB in float64, which stays in the cache."""


def write_array(path: Path, array: np.ndarray) -> str:
    """Write an array and return the file's SHA-256, computed from the bytes as they are written.

    Raises:
        OSError: If the disk refuses it.
    """
    with path.open('wb') as file:
        hashing: Any = _HashingFile(file)
        np.lib.format.write_array(hashing, np.asarray(array), allow_pickle=False)
    return str(hashing.digest.hexdigest())


def read_array(path: Path, memory_map: bool = False, sha256: str | None = None) -> np.ndarray:
    """Read a .npy file, or open it as a memory map, which reads its header only.

    Raises:
        UserError: If it is missing, damaged or of another checksum than ``sha256``.
    """
    if sha256 is not None:
        check_file(path, sha256)
    try:
        if memory_map:
            with np.errstate(over='ignore'):  # of a size that a damaged header tells
                return np.lib.format.open_memmap(path, mode='r')
        with path.open('rb') as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):  # a limit or a right, no damage
            raise UserError(f'{path} cannot be read: {error.strerror or error}.') from error
        raise UserError(
            f'{path} is not a readable array ({type(error).__name__}: {error}); extract again with --overwrite.'
        ) from error


def check_file(path: Path, sha256: str) -> None:
    """Compare the SHA-256 of a file with the one given."""
    check_digest(path, file_checksum(path), sha256)


def check_digest(path: Path, found: str, wanted: str) -> None:
    """Refuse a file whose content has another checksum than it should."""
    if found != wanted:
        raise UserError(
            f'{path} is damaged: its checksum is not the one that was written down with it; copy it anew, '
            'or extract again with --overwrite.'
        )


def file_checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            for block in iter(lambda: file.read(BLOCK_BYTES), b''):
                digest.update(block)
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror}.') from error
    return digest.hexdigest()


def block_rows(dimensions: int) -> int:
    """Return how many rows of a class are read, summed and given a checksum at a time."""
    return max(1, BLOCK_ELEMENTS // max(1, dimensions))


def block_checksums(vectors: np.ndarray, labels: np.ndarray, num_classes: int) -> list[list[str]]:
    """Return the SHA-256 of the bytes of each block of each class; rows are class by class."""
    vectors, step = np.asarray(vectors), block_rows(vectors.shape[1])
    starts = np.searchsorted(labels, np.arange(num_classes + 1))
    return [
        [rows_checksum(vectors[first : min(first + step, end)]) for first in range(begin, end, step)]
        for begin, end in itertools.pairwise(starts.tolist())
    ]


def rows_checksum(vectors: np.ndarray) -> str:
    """Return the SHA-256 of the bytes of some rows."""
    return hashlib.sha256(np.ascontiguousarray(vectors).data).hexdigest()


class _HashingFile:
    """Passes on what NumPy writes; not being a file itself, it is given the bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._file.write(data)
