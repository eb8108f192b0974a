"""The feature bank: Stage 1's result and all that Stage 2 needs.

On disk a bank is a folder of plain arrays and JSON, nothing pickled::

    vectors.npy         (M, d) float32 or float16, one row per (image, class); Stage 1 writes them class-major
    rows.npy            (M,)   image index, label and number of objects of each row
    images.json         D image ids in dataset order, images without rows included
    image_vectors.npy   (D, e) globally average-pooled backbone features (optional)
    objects.npy         (O,)   image index, label, box, area and ignored flag of each object (optional)
    object_vectors.npy  (O', d) vectors of the objects that are not ignored, in their order (optional)
    meta.json           format, version, class names, provenance
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.errors import UserError
from mmcsod.fileio import new_directory, read_json, write_json

logger = logging.getLogger('mmcsod')

FORMAT = 'mmcsod-feature-bank'
FORMAT_VERSION = 1
AGAIN = 'extract again with --overwrite.'
FILES = frozenset(('vectors.npy', 'rows.npy', 'images.json', 'image_vectors.npy', 'objects.npy', 'object_vectors.npy',
                   'meta.json'))

ROW_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('count', '<i4')])
OBJECT_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('box', '<f4', (4,)), ('area', '<f4'), ('ignored', '?')])


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
        provenance: What the bank was made from; JSON values only.
    """

    vectors: np.ndarray
    rows: np.ndarray
    images: tuple[str, ...]
    classes: tuple[str, ...]
    image_vectors: np.ndarray | None = None
    objects: np.ndarray | None = None
    object_vectors: np.ndarray | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check()

    @classmethod
    def from_arrays(cls, vectors: np.ndarray, image_ids: Sequence[str], labels: Sequence[int],
                    classes: Sequence[str]) -> FeatureBank:
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
            raise UserError(f'A bank was given {len(vectors)} vectors, {len(image_ids)} image ids and {len(labels)} '
                            'labels; give one id and one label for each vector.')
        indices = np.asarray(labels)
        if len(indices) and indices.dtype.kind not in 'iu':
            raise UserError(f'A bank was given labels like "{indices.flat[0]}"; give whole numbers, indices '
                            'into the class names.')
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
            logger.warning("Image ids were given as %s, like %s: the bank and its coresets have them as text, '%s'.",
                           type(given_ids[0]).__name__, given_ids[0], given_ids[0])
        keys = self.rows['image'] * len(self.classes) + self.rows['label']
        first, counts = np.unique(keys, return_index=True, return_counts=True)[1:]
        if len(first) < len(keys):
            row = first[counts > 1][0]
            logger.warning("%d of %d rows are of an image and a class that have another row, first of '%s', '%s': each "
                           'counts as a vector of its own; average them to have one an image and class (Eq. 3).',
                           len(keys) - len(first), len(keys), self.images[self.rows['image'][row]],
                           self.classes[self.rows['label'][row]])

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
        extras = [name for name in ('image_vectors', 'objects', 'object_vectors') if getattr(self, name) is not None]
        return (f'<FeatureBank of {len(self)} vectors ({self.vectors.shape[1]} {self.vectors.dtype}), '
                f'{len(self.images)} images, {len(self.classes)} classes'
                f'{", with " + ", ".join(extras) if extras else ""}>')

    def objectwise(self) -> FeatureBank:
        """Return the bank whose rows are single objects (section 4.5's Objectwise), class-major.

        Raises:
            UserError: If the object vectors were not kept.
        """
        if self.object_vectors is None or self.objects is None:
            raise UserError('This bank holds no object vectors, which objectwise selection needs; '
                            'extract again with --keep-objects.')
        kept = self.objects[~self.objects['ignored']]
        order = np.argsort(kept['label'], kind='stable')
        rows = np.ones(len(kept), ROW_DTYPE)
        rows['image'] = kept['image'][order]
        rows['label'] = kept['label'][order]
        return FeatureBank(
            vectors=np.asarray(self.object_vectors)[order], rows=rows, images=self.images, classes=self.classes,
            image_vectors=self.image_vectors, objects=self.objects, object_vectors=self.object_vectors,
            provenance=self.provenance)

    def save(self, directory: str | Path) -> None:
        """Write the bank to ``directory``, which appears whole or not at all.

        Raises:
            UserError: If the folder exists already or cannot be written.
        """
        with new_directory(directory) as temporary:
            self._write(temporary)

    def _write(self, directory: Path) -> None:
        arrays = {'vectors': self.vectors, 'rows': self.rows, 'image_vectors': self.image_vectors,
                  'objects': self.objects, 'object_vectors': self.object_vectors}
        for name, array in arrays.items():
            if array is not None:
                np.save(directory / f'{name}.npy', array, allow_pickle=False)
        write_json(directory / 'images.json', list(self.images))
        write_json(directory / 'meta.json', {
            'format': FORMAT, 'version': FORMAT_VERSION, 'classes': list(self.classes),
            'provenance': dict(self.provenance)})

    @classmethod
    def load(cls, directory: str | Path) -> FeatureBank:
        """Open a bank; the vectors are memory-mapped, not read.

        Raises:
            UserError: If the folder is not a bank, is of a newer version, or its tables disagree.
        """
        directory = Path(directory)
        meta = read_json(directory / 'meta.json', "a feature bank's meta.json")
        if not isinstance(meta, dict) or meta.get('format') != FORMAT:
            raise UserError(f'{directory} is not a feature bank: its meta.json has no "format": "{FORMAT}".')
        if meta.get('version') != FORMAT_VERSION:
            raise UserError(f'{directory} is a feature bank of version {meta.get("version")} and this mmcsod reads '
                            f'version {FORMAT_VERSION}; upgrade mmcsod.')
        try:
            return cls(
                vectors=_open(directory, 'vectors', memory_map=True),
                rows=_open(directory, 'rows'),
                images=tuple(read_json(directory / 'images.json', "a feature bank's images.json")),
                classes=tuple(meta['classes']),
                image_vectors=_open_if_there(directory, 'image_vectors', memory_map=True),
                objects=_open_if_there(directory, 'objects'),
                object_vectors=_open_if_there(directory, 'object_vectors', memory_map=True),
                provenance=meta['provenance'])
        except (KeyError, TypeError) as error:
            raise UserError(f'{directory} is a damaged feature bank ({error}); {AGAIN}') from error

    def _check(self) -> None:
        if self.vectors.ndim != 2:
            raise UserError(f'Bank vectors must be a 2-d array (rows, dimensions), not {self.vectors.ndim}-d.')
        if self.vectors.dtype not in (np.float32, np.float16):
            raise UserError(f'Bank vectors must be float32 or float16, not {self.vectors.dtype}; convert them.')
        if len(set(self.images)) < len(self.images):
            twice = next(image for image, count in Counter(self.images).items() if count > 1)
            raise UserError(f"The bank names the image '{twice}' twice; ids must tell images apart.")
        if len(self.vectors) != len(self.rows):
            raise UserError(f'The bank has {len(self.vectors)} vectors but {len(self.rows)} table rows; {AGAIN}')
        if self.image_vectors is not None and len(self.image_vectors) != len(self.images):
            raise UserError(f'The bank has {len(self.image_vectors)} image vectors but {len(self.images)} images; '
                            f'{AGAIN}')
        self._check_table('rows', self.rows, ROW_DTYPE)
        if self.objects is not None:
            self._check_table('objects', self.objects, OBJECT_DTYPE)
            self._check_object_vectors(int((~self.objects['ignored']).sum()))

    def _check_object_vectors(self, expected: int) -> None:
        if self.object_vectors is not None and len(self.object_vectors) != expected:
            raise UserError(f'The bank has {len(self.object_vectors)} object vectors but {expected} objects that are '
                            f'not ignored; {AGAIN}')

    def _check_table(self, name: str, table: np.ndarray, dtype: np.dtype) -> None:
        if table.dtype != dtype:
            raise UserError(f"The bank's {name} have the columns {table.dtype}, not {dtype}; {AGAIN}")
        for column, size in (('image', len(self.images)), ('label', len(self.classes))):
            values = table[column]
            if len(values) and not (0 <= values.min() and values.max() < size):
                raise UserError(f"The bank's {name} name a {column} outside 0..{size - 1}; "
                                'its tables do not belong together.')


def is_bank_folder(directory: Path) -> bool:
    """Return whether a folder holds nothing but a bank's files, damaged or not, so that replacing it loses no other."""
    return directory.is_dir() and {path.name for path in directory.iterdir()} <= FILES


def _open_if_there(directory: Path, name: str, memory_map: bool = False) -> np.ndarray | None:
    return _open(directory, name, memory_map) if (directory / f'{name}.npy').exists() else None


def _open(directory: Path, name: str, memory_map: bool = False) -> np.ndarray:
    path = directory / f'{name}.npy'
    try:
        return np.load(path, mmap_mode='r' if memory_map else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f'{path} is not a readable array ({error}); {AGAIN}') from error
