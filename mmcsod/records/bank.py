"""The feature bank: Stage 1's result and all that Stage 2 needs. ``bank_files.py`` says what is on the disk."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.records.arrays import block_rows
from mmcsod.records.bank_checks import AGAIN, LABEL_SCORE_DTYPE, OBJECT_DTYPE, ROW_DTYPE, SCORE_DTYPE, check_bank
from mmcsod.records.bank_files import ARRAYS, OPTIONAL, Checksums, is_bank_folder, read_bank, write_bank
from mmcsod.util.errors import UserError
from mmcsod.util.files import new_directory

logger = logging.getLogger('mmcsod')

__all__ = ['AGAIN', 'LABEL_SCORE_DTYPE', 'OBJECT_DTYPE', 'ROW_DTYPE', 'SCORE_DTYPE', 'FeatureBank', 'is_bank_folder']


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
        label_scores: (O',) of ``LABEL_SCORE_DTYPE``: the detector's scores of the labels of the objects not ignored,
            or None.
        prediction_scores: (P,) of ``SCORE_DTYPE``: the score of each prediction that stands for a label, or None.
        sizes: (D, 2) int32, width and height of each image as it was decoded for the detector, in pixels; zeros where
            an image could not be read. None in banks of version 0.1, as are the next two.
        orientations: (D,) uint8, the EXIF orientation (1 to 8) that decoding applied to each image, so that other
            readers can apply it too: 1 where nothing was turned, 0 where an image could not be read. Or None.
        pixels: (D, 32, 32) uint8, each decoded image in grey, small, with its contrast stretched; see
            :func:`mmcsod.datasets.pixels.grey_pixels`. Zeros where it could not be read or is of one colour. Or None.
        recordings: D names of the recordings, videos or bursts, that the images come from, '' for an image of none; or
            None.
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
    label_scores: np.ndarray | None = None
    prediction_scores: np.ndarray | None = None
    sizes: np.ndarray | None = None
    orientations: np.ndarray | None = None
    pixels: np.ndarray | None = None
    recordings: tuple[str, ...] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    checksums: Checksums | None = None

    def __post_init__(self) -> None:
        check_bank(self.vectors, self.rows, self.images, self.classes, {name: getattr(self, name) for name in OPTIONAL})
        if self.recordings is not None and len(self.recordings) != len(self.images):
            raise UserError(
                f'The bank has {len(self.recordings)} recordings but {len(self.images)} images; give one an image.'
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
        bank._warn_of_odd_input(image_ids)
        return bank

    def _warn_of_odd_input(self, given_ids: Sequence[Any]) -> None:
        """Warn of input that is accepted but probably unintended."""
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

    @cached_property
    def object_counts(self) -> np.ndarray:
        """(D,) int64, the objects of each image, of all classes, those that were ignored left out."""
        return np.bincount(self.rows['image'], self.rows['count'], minlength=len(self.images)).astype(np.int64)

    def mask(self, image_ids: Sequence[str]) -> np.ndarray:
        """Return (D,) bool, which of the images are among some."""
        mask = np.zeros(len(self.images), bool)
        mask[[self.image_index[image] for image in image_ids]] = True
        return mask

    @property
    def labels(self) -> np.ndarray:
        """(M,) class index of each row."""
        return self.rows['label']

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        extras = [name for name in OPTIONAL if getattr(self, name) is not None]
        return (
            f'<FeatureBank of {len(self)} vectors ({self.vectors.shape[1]} {self.vectors.dtype}), '
            f'{len(self.images)} images, {len(self.classes)} classes'
            f'{", with " + ", ".join(extras) if extras else ""}>'
        )

    def objectwise(self) -> FeatureBank:
        """Return the bank whose rows are single objects (section 4.5's Objectwise), in the objects' order."""
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
        return replace(self, vectors=self.object_vectors, rows=rows, checksums=None)

    def save(self, directory: str | Path) -> None:
        """Write the bank to ``directory``, which appears whole or not at all.

        Rows are written class by class, in their order within a class, so that each class is one slice of the file
        and has checksums of its own; selection gives the same from either order.

        Raises:
            UserError: If the folder exists already or cannot be written.
        """
        arrays = {name: getattr(self, name) for name in ARRAYS}
        if np.any(self.labels[1:] < self.labels[:-1]):
            order = np.argsort(self.labels, kind='stable')
            arrays |= {'vectors': self.vectors[order], 'rows': self.rows[order]}
        with new_directory(directory) as temporary:
            write_bank(temporary, arrays, self.images, self.classes, self.provenance, self.recordings)

    def check(self, name: str) -> None:
        """Read a file of the bank for its checksum, where the bank was loaded and has one.

        It is 'vectors', 'image_vectors' or 'object_vectors'; the others are checked when a bank is loaded.
        """
        if self.checksums is not None:
            self.checksums.check(name)

    def block_checksums(self, label: int, first: int, last: int) -> tuple[str, ...]:
        """Return the SHA-256 of each block of a class's rows ``first`` to ``last``; none if not written down."""
        step = block_rows(self.vectors.shape[1])
        return () if self.checksums is None else self.checksums.of_blocks(label, first, last, step)

    @classmethod
    def load(cls, directory: str | Path) -> FeatureBank:
        """Open a bank; the vectors are memory-mapped, not read, and all else is checked.

        Raises:
            UserError: If the folder is not a bank, is of a newer version, is damaged, or its tables disagree.
        """
        return cls(**read_bank(Path(directory)))
