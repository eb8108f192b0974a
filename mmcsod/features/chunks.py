"""The extraction on disk while it is under way: one file for each chunk of dataset indices, then one bank.

Chunks, not processes, decide which images share a batch, so that the finished bank is the same, byte for byte,
however many processes wrote it and however often they were killed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile

from mmcsod.bank import ROW_DTYPE, FeatureBank
from mmcsod.errors import UserError
from mmcsod.fileio import read_json, write_json

CHUNK_SIZE = 128


class ChunkStore:
    """The folder of an unfinished extraction, beside the bank it will become.

    Args:
        directory: Where the finished bank goes; the chunks are kept in ``DIRECTORY.partial``.
        num_images: Images in the pool.
    """

    def __init__(self, directory: Path, num_images: int) -> None:
        self.directory = directory
        self.partial = directory.with_name(directory.name + '.partial')
        self.num_images = num_images
        self.num_chunks = -(-num_images // CHUNK_SIZE)

    def indices(self, chunk: int) -> range:
        """Return the dataset indices of a chunk."""
        return range(chunk * CHUNK_SIZE, min((chunk + 1) * CHUNK_SIZE, self.num_images))

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Make the folder, and write into it what this is the extraction of."""
        self.partial.mkdir(parents=True, exist_ok=True)
        write_json(self.partial / 'identity.json', identity)

    def identity(self) -> dict[str, Any] | None:
        """Return what an unfinished extraction was begun with, None if there is none."""
        path = self.partial / 'identity.json'
        return read_json(path, "an unfinished extraction's identity") if path.exists() else None

    def path(self, chunk: int) -> Path:
        """Return the file of a chunk."""
        return self.partial / f'chunk_{chunk:06d}.npz'

    def missing(self) -> list[int]:
        """Return the chunks still to do."""
        return [chunk for chunk in range(self.num_chunks) if not self.path(chunk).exists()]

    def write(self, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Write a chunk, whole or not at all.

        Raises:
            UserError: If the disk refuses it; the chunks before it are kept.
        """
        temporary = self.path(chunk).with_suffix('.tmp')
        try:
            with temporary.open('wb') as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path(chunk))
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise UserError(f'{self.partial} cannot take more features ({error.strerror}); what is there is kept: '
                            'make room, then go on with --resume.') from error

    def read(self) -> Iterator[NpzFile]:
        """Yield the chunks in dataset order, each open until the next; an array is read when it is asked for."""
        for chunk in range(self.num_chunks):
            with np.load(self.path(chunk), allow_pickle=False) as arrays:
                yield arrays

    def drop_unreadable(self) -> None:
        """Remove the chunks that lack an unreadable image, so that it is tried again."""
        for path in filter(Path.exists, map(self.path, range(self.num_chunks))):
            with np.load(path, allow_pickle=False) as arrays:
                incomplete = len(arrays['unreadable']) > 0
            if incomplete:
                path.unlink()

    def discard(self) -> None:
        """Remove the unfinished extraction."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def publish(self, *, images: tuple[str, ...], classes: tuple[str, ...], objects: np.ndarray,
                provenance: Mapping[str, Any]) -> None:
        """Join all chunks into the bank, class-major, put it in the place of an older one, and remove them.

        The vectors are copied chunk by chunk into files, so that memory does not grow with the dataset. Killed at any
        line, this begins again from the chunks.

        Raises:
            UserError: If the disk refuses it; the chunks are kept.
        """
        finished = self.partial / 'finished'
        try:
            shutil.rmtree(finished, ignore_errors=True)
            FeatureBank(images=images, classes=classes, objects=objects, provenance=provenance,
                        **self._gather()).save(finished)
            if self.directory.exists():
                self.directory.rename(self.partial / 'replaced')
            finished.rename(self.directory)
        except OSError as error:
            raise UserError(f'{self.partial} could not be joined into a bank ({error.strerror}); what is there is '
                            'kept: make room for twice its size, then go on with --resume.') from error
        self.discard()

    def _gather(self) -> dict[str, np.ndarray]:
        rows = np.concatenate([chunk['rows'] for chunk in self.read()])
        order = np.argsort(rows['label'], kind='stable')
        target = np.empty(len(rows), np.int64)
        target[order] = np.arange(len(rows))
        arrays = {'rows': rows[order].astype(ROW_DTYPE)}
        for name in ('vectors', 'image_vectors', 'object_vectors'):
            shapes = [_shape(chunk, name) for chunk in self.read() if name in chunk]
            if shapes:
                arrays[name] = self._gather_vectors(name, shapes, target)
        return arrays

    def _gather_vectors(self, name: str, shapes: Sequence[tuple[int, ...]], target: np.ndarray) -> np.ndarray:
        path = self.partial / f'{name}.npy'
        total, width = sum(shape[0] for shape in shapes), max(shape[1] for shape in shapes)
        joined = np.lib.format.open_memmap(path, mode='w+', dtype=np.float32, shape=(total, width))
        with path.open('rb+') as file:  # a mapped file that the disk has no room for would end in SIGBUS
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        start = 0
        for chunk, shape in zip(self.read(), shapes, strict=True):
            stop = start + shape[0]
            if stop > start:
                joined[target[start:stop] if name == 'vectors' else slice(start, stop)] = chunk[name]
            start = stop
        joined.flush()
        return joined


def _shape(arrays: NpzFile, name: str) -> tuple[int, ...]:
    """Return the shape of an array without reading it."""
    with arrays.zip.open(f'{name}.npy') as file:
        np.lib.format.read_magic(file)
        return np.lib.format.read_array_header_1_0(file)[0]
