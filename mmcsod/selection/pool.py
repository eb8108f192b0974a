"""The pool: what of a bank may be selected, laid out class by class."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np

from mmcsod.records.arrays import block_rows
from mmcsod.records.bank import FeatureBank
from mmcsod.selection.shards import shard
from mmcsod.selection.unit_rows import UnitRows
from mmcsod.util.distributed import ALONE, World

logger = logging.getLogger('mmcsod')


class Pool:
    """A bank restricted to some classes and to the images that are not excluded.

    Rows are class-major here. Where the bank's rows are too, as Stage 1 writes them, vectors are read where they lie,
    memory-mapped or not; otherwise what a class's turn needs is copied.

    Attributes:
        bank: The bank behind the pool.
        row_images: (M,) index into ``bank.images`` of each row.
        row_labels: (M,) index into ``bank.classes`` of each row.
        shares_bank: Whether vectors are read where they lie.
        eligible: (M,) bool, False for rows that take no part: excluded images and classes not asked for.
        labels: The classes that take turns, in dataset order.
    """

    def __init__(self, bank: FeatureBank, labels: Sequence[int], excluded: Collection[int] = ()) -> None:
        self._order = order = _class_major_order(bank.labels)
        self.bank = bank
        self.shares_bank = order is None
        rows = bank.rows if order is None else bank.rows[order]
        self.row_images = rows['image']
        self.row_labels = rows['label']
        self.labels = tuple(sorted(labels))
        self.eligible = np.isin(self.row_labels, self.labels)
        self.eligible &= ~np.isin(self.row_images, list(excluded))
        self._excluded = frozenset(excluded)
        self._starts = np.searchsorted(self.row_labels, np.arange(len(bank.classes) + 1))
        self._units: dict[World, dict[int, UnitRows]] = {}

    def without(self, images: Collection[int]) -> Pool:
        """Return the pool with some more images excluded."""
        return Pool(self.bank, self.labels, self._excluded.union(images))

    def rows_of_class(self, label: int) -> slice:
        """Return where the rows of a class stand."""
        return slice(int(self._starts[label]), int(self._starts[label + 1]))

    def rows_of_image(self, image: int) -> np.ndarray:
        """Return the eligible rows of an image, of whatever class."""
        begin, end = self._image_index[1][image : image + 2]
        return self._image_index[0][begin:end]

    def places_of_image(self, image: int) -> list[tuple[int, int]]:
        """Return the class of each eligible row of an image, and the row's number within that class."""
        rows = self.rows_of_image(image)
        labels = self.row_labels[rows]
        return list(zip(labels.tolist(), (rows - self._starts[labels]).tolist(), strict=True))

    def vectors(self, rows: slice | np.ndarray) -> np.ndarray:
        """Return (n, d) float32 or float16, the vectors of rows: of consecutive ones a view where ``shares_bank``."""
        # A plain view of a memory map: the subclass makes every slice slow.
        vectors = np.asarray(self.bank.vectors)
        return vectors[rows] if self._order is None else vectors[self._order[rows]]

    def shard_of_class(self, label: int, world: World = ALONE) -> slice:
        """Return where the rows of a class stand that this one of several processes holds."""
        rows = self.rows_of_class(label)
        part = shard(rows.stop - rows.start, block_rows(self.bank.vectors.shape[1]), world, label)
        return slice(rows.start + part.start, rows.start + part.stop)

    def units(self, world: World = ALONE) -> dict[int, UnitRows]:
        """Return this process's vectors of each class, with their norms and the sum of those eligible.

        They are read at the first call, several classes at a time.
        """
        if world not in self._units:
            start = time.perf_counter()
            parts = [self.shard_of_class(label, world) for label in self.labels]
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                found = list(threads.map(lambda rows: self.read_units(rows, world), parts))
            self._units[world] = dict(zip(self.labels, found, strict=True))
            logger.info('read %d vectors in %.2f s', len(self.bank), time.perf_counter() - start)
        return self._units[world]

    def read_units(self, rows: slice, world: World = ALONE) -> UnitRows:
        """Read consecutive rows of one class; see :meth:`units`."""

        def name_row(row: int) -> str:
            image, label = self.row_images[rows.start + row], self.row_labels[rows.start + row]
            return f"image '{self.bank.images[image]}', class '{self.bank.classes[label]}',"

        first = int(rows.start - self._starts[self.row_labels[rows.start]]) if rows.stop > rows.start else 0
        return UnitRows(self.vectors(rows), self.eligible[rows], name_row, world, self._checksums(rows, first), first)

    def _checksums(self, rows: slice, first: int) -> Sequence[str]:
        """Return the checksums that consecutive rows must have, known where they are whole blocks of the bank."""
        step, last = block_rows(self.bank.vectors.shape[1]), first + rows.stop - rows.start
        if not self.shares_bank or rows.start == rows.stop or first % step:
            return ()
        label = int(self.row_labels[rows.start])
        whole = last % step == 0 or rows.stop == self.rows_of_class(label).stop
        return self.bank.block_checksums(label, first, last) if whole else ()

    def images_of_class(self, label: int) -> np.ndarray:
        """Return the images with eligible rows of a class, each once, in dataset order."""
        rows = self.rows_of_class(label)
        images = self.row_images[rows][self.eligible[rows]]
        return images[np.sort(np.unique(images, return_index=True)[1])]

    def labels_of_image(self, image: int) -> list[int]:
        """Return the classes of which an image has eligible rows."""
        return sorted(set(self.row_labels[self.rows_of_image(image)].tolist()))

    @cached_property
    def images(self) -> np.ndarray:
        """The images with eligible rows, in dataset order; there are D of them."""
        return np.unique(self.row_images[self.eligible])

    @property
    def object_counts(self) -> np.ndarray:
        """(len(bank.images),) the objects of each image, of all classes, those that were ignored left out."""
        return self.bank.object_counts

    @cached_property
    def _image_index(self) -> tuple[np.ndarray, np.ndarray]:
        rows = np.flatnonzero(self.eligible)
        rows = rows[np.argsort(self.row_images[rows], kind='stable')]
        return rows, np.searchsorted(self.row_images[rows], np.arange(len(self.bank.images) + 1))


def _class_major_order(labels: np.ndarray) -> np.ndarray | None:
    if not np.any(labels[1:] < labels[:-1]):
        return None
    return np.argsort(labels, kind='stable')
