"""The extraction on disk while it is under way: one file for each chunk of dataset indices, then one bank.

Chunks, not processes, decide which images share a batch, so that the finished bank is the same, byte for byte,
however many processes wrote it and however often they were killed.
"""

import contextlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile

from mmcsod.features.averaging import common_width
from mmcsod.records.bank import ROW_DTYPE, FeatureBank
from mmcsod.records.bank_checks import OF_IMAGES
from mmcsod.util.errors import UserError
from mmcsod.util.files import new_file, put_back, read_json, remove, swap, sync, write_json

CHUNK_SIZE = 128

DAMAGE = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What reading a damaged chunk raises."""

NAMES = {'vectors', 'rows', 'image_vectors', 'unreadable', 'not_finite', 'constant', *OF_IMAGES}
"""Arrays of every chunk; those of an older version may lack some."""


class ChunkStore:
    """``DIRECTORY.partial``, the folder of an unfinished extraction, beside the bank ``DIRECTORY`` it will become."""

    def __init__(self, directory: Path, num_images: int) -> None:
        self.directory = directory
        self.partial = directory.with_name(directory.name + '.partial')
        self.num_images = num_images
        self.num_chunks = -(-num_images // CHUNK_SIZE)
        self._identity, self._replaced = self.partial / 'identity.json', self.partial / 'replaced'

    def indices(self, chunk: int) -> range:
        """Return the dataset indices of a chunk."""
        return range(chunk * CHUNK_SIZE, min((chunk + 1) * CHUNK_SIZE, self.num_images))

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Make the folder, and write into it what this is the extraction of.

        Chunks without an identity are what a kill left of a removal: nobody knows whose they are.
        """
        if self.partial.exists() and self.identity() is None:
            self.discard()
        self.partial.mkdir(parents=True, exist_ok=True)
        write_json(self._identity, identity)
        sync(self.partial.parent)

    def identity(self) -> dict[str, Any] | None:
        """Return what an unfinished extraction was begun with, None if there is none."""
        if not self._identity.exists():
            return None
        found = read_json(self._identity, "an unfinished extraction's identity")
        if not isinstance(found, dict):
            raise UserError(f'{self._identity} is damaged; start anew with --overwrite.')
        return found

    def path(self, chunk: int) -> Path:
        """Return the file of a chunk."""
        return self.partial / f'chunk_{chunk:06d}.npz'

    def missing(self) -> list[int]:
        """Return the chunks still to do."""
        return [chunk for chunk in range(self.num_chunks) if not self.path(chunk).exists()]

    def write(self, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a chunk, whole or not at all; if the disk refuses it, the chunks before it are kept."""
        try:
            with new_file(self.path(chunk)) as file:
                np.savez(file, allow_pickle=False, **arrays)
        except UserError as error:
            raise UserError(f'{error} Other chunks are kept: make room, then go on with --resume.') from error

    def arrays(self, name: str) -> Iterator[np.ndarray]:
        """Yield an array of each chunk, in dataset order."""
        for chunk in range(self.num_chunks):
            with self._opened(chunk) as arrays:
                array = arrays[name]
            yield array

    @contextlib.contextmanager
    def _opened(self, chunk: int) -> Iterator[NpzFile]:
        try:
            with self.path(chunk).open('rb') as file, np.load(file, allow_pickle=False) as arrays:
                yield arrays
        except DAMAGE as error:
            raise UserError(
                f'{self.path(chunk)} is damaged ({error}); go on with --resume, which extracts it again.'
            ) from error

    def drop_incomplete(self) -> None:
        """Remove the chunks that are damaged or lack an unreadable image, so that they are made again."""
        for chunk in range(self.num_chunks):
            if not self._is_complete(chunk):
                remove(self.path(chunk))

    def _is_complete(self, chunk: int) -> bool:
        try:
            with self._opened(chunk) as arrays:
                return arrays.zip.testzip() is None and set(arrays) >= NAMES and not len(arrays['unreadable'])
        except (OSError, UserError):
            return False

    def restore(self) -> None:
        """Put a finished bank back that a kill left set aside for one that was not in its place yet."""
        put_back(self.directory, self._replaced)

    def discard(self) -> None:
        """Remove the unfinished extraction; what says whose the chunks are goes first."""
        try:
            self._identity.unlink(missing_ok=True)
            if self.partial.exists():
                sync(self.partial)
            remove(self.partial)
        except OSError as error:
            raise UserError(
                f'{error.filename or self.partial} cannot be removed ({error.strerror}), and it is left of '
                'an earlier extraction; remove it yourself.'
            ) from error

    def publish(self, **tables: Any) -> None:
        """Join all chunks into the bank, class-major, put it in the place of an older one, and remove them.

        ``tables`` are the fields of :class:`FeatureBank` that chunks do not hold, such as ``images`` and ``objects``.

        The vectors are copied chunk by chunk into files, so that memory does not grow with the dataset. Killed at any
        line, this begins again from the chunks.
        """
        finished = self.partial / 'finished'
        try:
            remove(finished)
            FeatureBank(**self._gather(), **tables).save(finished)
            swap(finished, self.directory, self._replaced)
        except OSError as error:
            raise UserError(
                f'{self.partial} could not be joined into a bank ({error.strerror}); what is there is '
                'kept: make room for twice its size, then go on with --resume.'
            ) from error
        self.discard()

    def _gather(self) -> dict[str, Any]:
        rows = np.concatenate(list(self.arrays('rows')))
        order = np.argsort(rows['label'], kind='stable')
        target = np.empty(len(rows), np.int64)
        target[order] = np.arange(len(rows))
        names = ['vectors', 'image_vectors', *(['object_vectors'] if self._all_have('object_vectors') else [])]
        tables = {'rows': rows[order].astype(ROW_DTYPE)}
        tables |= {name: np.concatenate(list(self.arrays(name))) for name in OF_IMAGES}
        if self._all_have('label_scores'):  # an unfinished extraction of an older version has none
            tables['label_scores'] = np.concatenate(list(self.arrays('label_scores')))
        return tables | {name: self._gather_vectors(name, target) for name in names}

    def _all_have(self, name: str) -> bool:
        for chunk in range(self.num_chunks):
            with self._opened(chunk) as arrays:
                if name not in arrays:
                    return False
        return True

    def _gather_vectors(self, name: str, target: np.ndarray) -> np.ndarray:
        shapes = [self._shape(chunk, name) for chunk in range(self.num_chunks)]
        total, width = sum(shape[0] for shape in shapes), common_width(shape[1] for shape in shapes)
        path = self.partial / f'{name}.npy'
        joined = np.lib.format.open_memmap(path, mode='w+', dtype=np.float32, shape=(total, width))
        with path.open('rb+') as file:  # a mapped file that the disk has no room for would end in SIGBUS
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        start = 0
        for vectors in self.arrays(name):
            stop = start + len(vectors)
            if vectors.size:  # a chunk of images that could not be read has no width
                joined[target[start:stop] if name == 'vectors' else slice(start, stop)] = vectors
            start = stop
        joined.flush()
        return joined

    def _shape(self, chunk: int, name: str) -> tuple[int, ...]:
        """Return the shape of an array without reading it."""
        with self._opened(chunk) as arrays, arrays.zip.open(f'{name}.npy') as file:
            np.lib.format.read_magic(file)
            return np.lib.format.read_array_header_1_0(file)[0]
