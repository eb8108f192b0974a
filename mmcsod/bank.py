"""The feature bank: Stage 1's result and all that Stage 2 needs.

On disk a bank is a folder of plain arrays and JSON, nothing pickled::

    vectors.npy         (M, d) float32 or float16, one row per (image, class); Stage 1 writes them class-major
    rows.npy            (M,)   image index, label and number of objects of each row
    images.json         D image ids in dataset order, images without rows included
    image_vectors.npy   (D, e) globally average-pooled backbone features (optional)
    objects.npy         (O,)   image index, label, box, area and ignored flag of each object (optional)
    object_vectors.npy  (O', d) vectors of the objects that are not ignored, in their order (optional)
    judgements.npy      (O',)  what the detector says of these objects, where it knows the dataset's classes (optional)
    meta.json           format, version, class names, provenance, the SHA-256 of the files and of blocks of vectors.npy
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.arrays import Checksums, block_checksums, block_rows, check_file, read_array, write_array
from mmcsod.bank_checks import AGAIN, JUDGEMENT_DTYPE, OBJECT_DTYPE, ROW_DTYPE, check_bank
from mmcsod.errors import UserError
from mmcsod.fileio import (
    as_kind,
    check_seal,
    json_digest,
    new_directory,
    read_json,
    sealed,
    write_json,
)

logger = logging.getLogger('mmcsod')

FORMAT = 'mmcsod-feature-bank'
FORMAT_VERSION = 1
FILES = frozenset(
    (
        'vectors.npy',
        'rows.npy',
        'images.json',
        'image_vectors.npy',
        'objects.npy',
        'object_vectors.npy',
        'judgements.npy',
        'meta.json',
    )
)

__all__ = ['AGAIN', 'JUDGEMENT_DTYPE', 'OBJECT_DTYPE', 'ROW_DTYPE', 'FeatureBank', 'is_bank_folder']


@dataclass(frozen=True)
class _Meta:
    classes: tuple[str, ...]
    provenance: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    block_rows: int = 0
    blocks: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class FeatureBank:
    """Imagewise-classwise vectors (Eq. 3) of a training set, with the tables that say whose they are.

    Attributes:
        vectors: (M, d) float32 or float16; one row per (image, class), or several for an objectwise bank.
        rows: (M,) of ``ROW_DTYPE``: index into ``images``, index into ``classes``, objects averaged. Within a class
            rows stand in dataset order.
        images: D image ids in dataset order.
        classes: Class names in dataset order.
        image_vectors: (D, e) float, one backbone vector per image, or None.
        objects: (O,) of ``OBJECT_DTYPE``: every annotated object, boxes as x1, y1, x2, y2 in pixels of the
            original image, or None.
        object_vectors: (O', d) float: the vectors r_ij (Eq. 2) of the objects not ignored, or None.
        judgements: (O',) of ``JUDGEMENT_DTYPE``: what the detector says of the objects not ignored, or None.
        provenance: What the bank was made from; JSON values only.
        checksums: What its files must be, where it was loaded from files that say so.
    """

    vectors: np.ndarray
    rows: np.ndarray
    images: tuple[str, ...]
    classes: tuple[str, ...]
    image_vectors: np.ndarray | None = None
    objects: np.ndarray | None = None
    object_vectors: np.ndarray | None = None
    judgements: np.ndarray | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    checksums: Checksums | None = None

    def __post_init__(self) -> None:
        check_bank(
            self.vectors,
            self.rows,
            self.images,
            self.classes,
            self.image_vectors,
            self.objects,
            self.object_vectors,
            self.judgements,
        )

    @classmethod
    def from_arrays(
        cls, vectors: np.ndarray, image_ids: Sequence[str], labels: Sequence[int], classes: Sequence[str]
    ) -> FeatureBank:
        """Make a bank of rows that were computed elsewhere.

        Args:
            vectors: (M, d) float; float32 and float16 are kept as they are, anything else becomes float32.
            image_ids: M ids, one per row; within a class, rows are taken to be in dataset order. Ids of another type
                become text, and a second row of one image and class counts on its own, each with a warning.
            labels: M indices into ``classes``.
            classes: Class names in dataset order.

        Raises:
            UserError: If the tables disagree in length, or a label is no whole number or out of range.
        """
        vectors = np.asarray(vectors)
        if vectors.dtype not in (np.float32, np.float16):
            vectors = vectors.astype(np.float32)
        if not len(vectors) == len(image_ids) == len(labels):
            raise UserError(
                f'A bank was given {len(vectors)} vectors, {len(image_ids)} image ids and {len(labels)} '
                'labels; give one id and one label for each vector.'
            )
        indices = np.asarray(labels)
        if len(indices) and indices.dtype.kind not in 'iu':
            raise UserError(
                f'A bank was given labels like "{indices.flat[0]}"; give whole numbers, indices into the class names.'
            )
        images = {image: index for index, image in enumerate(dict.fromkeys(map(str, image_ids)))}
        rows = np.zeros(len(labels), ROW_DTYPE)
        rows['image'] = [images[str(image)] for image in image_ids]
        rows['label'] = indices
        rows['count'] = 1
        bank = cls(vectors=vectors, rows=rows, images=tuple(images), classes=tuple(classes))
        bank._remark(image_ids)
        return bank

    def _remark(self, given_ids: Sequence[Any]) -> None:
        """Say what ``from_arrays`` makes of input that one may expect to be taken otherwise."""
        if len(given_ids) and not isinstance(given_ids[0], str):
            logger.warning(
                "Image ids were given as %s, like %s: the bank and its coresets have them as text, '%s'.",
                type(given_ids[0]).__name__,
                given_ids[0],
                given_ids[0],
            )
        keys = self.rows['image'] * len(self.classes) + self.rows['label']
        first, counts = np.unique(keys, return_index=True, return_counts=True)[1:]
        if len(first) < len(keys):
            row = first[counts > 1][0]
            logger.warning(
                "%d of %d rows are of an image and a class that have another row, first of '%s', '%s': each "
                'counts as a vector of its own; average them to have one an image and class (Eq. 3).',
                len(keys) - len(first),
                len(keys),
                self.images[self.rows['image'][row]],
                self.classes[self.rows['label'][row]],
            )

    @cached_property
    def image_ids(self) -> np.ndarray:
        """(M,) image id of each row."""
        return np.asarray(self.images, dtype=object)[self.rows['image']]

    @cached_property
    def image_index(self) -> Mapping[str, int]:
        """Where each image id stands in ``images``."""
        return {image: index for index, image in enumerate(self.images)}

    @property
    def labels(self) -> np.ndarray:
        """(M,) class index of each row."""
        return self.rows['label']

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        extras = [
            name
            for name in ('image_vectors', 'objects', 'object_vectors', 'judgements')
            if getattr(self, name) is not None
        ]
        return (
            f'<FeatureBank of {len(self)} vectors ({self.vectors.shape[1]} {self.vectors.dtype}), '
            f'{len(self.images)} images, {len(self.classes)} classes'
            f'{", with " + ", ".join(extras) if extras else ""}>'
        )

    def objectwise(self) -> FeatureBank:
        """Return the bank whose rows are single objects (section 4.5's Objectwise), in the objects' order.

        Raises:
            UserError: If the object vectors were not kept.
        """
        if self.object_vectors is None or self.objects is None:
            raise UserError(
                'This bank holds no object vectors, which objectwise selection needs; '
                'extract again with --keep-objects.'
            )
        self.check('object_vectors')
        kept = self.objects[~self.objects['ignored']]
        rows = np.ones(len(kept), ROW_DTYPE)
        rows['image'] = kept['image']
        rows['label'] = kept['label']
        return FeatureBank(
            vectors=self.object_vectors,
            rows=rows,
            images=self.images,
            classes=self.classes,
            image_vectors=self.image_vectors,
            objects=self.objects,
            object_vectors=self.object_vectors,
            judgements=self.judgements,
            provenance=self.provenance,
        )

    def save(self, directory: str | Path) -> None:
        """Write the bank to ``directory``, which appears whole or not at all.

        Raises:
            UserError: If the folder exists already or cannot be written.
        """
        with new_directory(directory) as temporary:
            self._write(temporary)

    def _write(self, directory: Path) -> None:
        arrays = {
            'vectors': self.vectors,
            'rows': self.rows,
            'image_vectors': self.image_vectors,
            'objects': self.objects,
            'object_vectors': self.object_vectors,
            'judgements': self.judgements,
        }
        files = {
            f'{name}.npy': write_array(directory / f'{name}.npy', array)
            for name, array in arrays.items()
            if array is not None
        }
        write_json(directory / 'images.json', list(self.images))
        files['images.json'] = json_digest(list(self.images))
        write_json(
            directory / 'meta.json',
            sealed(
                {
                    'format': FORMAT,
                    'version': FORMAT_VERSION,
                    'classes': list(self.classes),
                    'provenance': dict(self.provenance),
                    'files': files,
                    'block_rows': block_rows(self.vectors.shape[1]),
                    'blocks': block_checksums(self.vectors, self.labels, len(self.classes)),
                }
            ),
        )

    def check(self, name: str) -> None:
        """Read a file of the bank for its checksum, where the bank was loaded and has one.

        Args:
            name: 'vectors', 'image_vectors' or 'object_vectors'; the others are checked when a bank is loaded.

        Raises:
            UserError: If the file is damaged.
        """
        if self.checksums is not None and f'{name}.npy' in self.checksums.files:
            check_file(self.checksums.directory / f'{name}.npy', self.checksums.files[f'{name}.npy'])

    def block_checksums(self, label: int, first: int, last: int) -> tuple[str, ...]:
        """Return the SHA-256 that each block of some of a class's vectors must have; none where nobody wrote them down.

        Args:
            label: Index of the class.
            first: Number, within the class, of the first row; it begins a block.
            last: Number after that of the last row; it ends a block.
        """
        found, step = self.checksums, block_rows(self.vectors.shape[1])
        if found is None or label >= len(found.blocks) or found.block_rows != step:
            return ()
        blocks = found.blocks[label][first // step : -(-last // step)]
        return blocks if len(blocks) == -(-last // step) - first // step else ()

    @classmethod
    def load(cls, directory: str | Path) -> FeatureBank:
        """Open a bank; the vectors are memory-mapped, not read, and all else is checked.

        Raises:
            UserError: If the folder is not a bank, is of a newer version, is damaged, or its tables disagree.
        """
        directory = Path(directory)
        if not (directory / 'meta.json').exists():
            raise UserError(
                f'There is no feature bank in {directory}: it has no meta.json; mmcsod select leaves banks '
                'in WORK_DIR/features.'
            )
        content = read_json(directory / 'meta.json', "a feature bank's meta.json")
        if not isinstance(content, dict) or content.get('format') != FORMAT:
            raise UserError(f'{directory} is not a feature bank: its meta.json has no "format": "{FORMAT}".')
        if content.get('version') != FORMAT_VERSION:
            raise UserError(
                f'{directory} is a feature bank of version {content.get("version")} and this mmcsod reads '
                f'version {FORMAT_VERSION}; upgrade mmcsod.'
            )
        check_seal(content, directory / 'meta.json')
        meta = as_kind(content, _Meta, directory / 'meta.json', "a feature bank's meta.json")
        read = partial(_read, directory, meta.files)
        return cls(
            vectors=read('vectors', True),
            rows=read('rows'),
            images=_read_images(directory, meta.files),
            classes=meta.classes,
            image_vectors=read('image_vectors', True, optional=True),
            objects=read('objects', optional=True),
            object_vectors=read('object_vectors', True, optional=True),
            judgements=read('judgements', optional=True),
            provenance=meta.provenance,
            checksums=Checksums(directory, meta.files, meta.block_rows, meta.blocks),
        )


def is_bank_folder(directory: Path) -> bool:
    """Return whether a folder holds nothing but a bank's files, damaged or not, so that replacing it loses no other."""
    return directory.is_dir() and {path.name for path in directory.iterdir()} <= FILES


def _read(
    directory: Path, files: Mapping[str, str], name: str, memory_map: bool = False, optional: bool = False
) -> Any:
    """Return an array of a bank; one that is left out and not named among the files is None."""
    path = directory / f'{name}.npy'
    if optional and path.name not in files and not path.exists():
        return None
    return read_array(path, memory_map, None if memory_map else files.get(path.name))


def _read_images(directory: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    path = directory / 'images.json'
    images: tuple[str, ...] = read_json(path, "a feature bank's images.json", tuple[str, ...])
    if files.get(path.name, wanted := json_digest(list(images))) != wanted:
        raise UserError(
            f'{path} is damaged: its checksum is not the one that was written down with it; copy it anew, or {AGAIN}'
        )
    return images
