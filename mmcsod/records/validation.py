"""Validation images as the leak check sees them, kept beside a bank so that each is decoded once."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.util.files import new_file


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An image of a dataset.

    Attributes:
        path: Its file.
        size: Width and height in the annotations, 0 where they name none.
        names: The class of each of its k objects.
        boxes: (k, 4) float64, x1, y1, x2, y2 in pixels.
    """

    path: str
    size: tuple[float, float]
    names: tuple[str, ...]
    boxes: np.ndarray


@dataclass(frozen=True, eq=False)
class ValidationView:
    """Validation images.

    Attributes:
        images: V images with their labels.
        stamps: (V, 2) int64, size in bytes and time in nanoseconds of when each file was last written; zeros where that
            is unknown.
        pixels: (V, 32, 32) uint8, each in grey, very small; zeros where it could not be read.
        group: The field of COCO image entries that ``recordings`` were read from, '' if none was.
        recordings: The recording of each, '' for none; empty if no field was read.
    """

    images: tuple[LabelledImage, ...]
    stamps: np.ndarray
    pixels: np.ndarray
    group: str = ''
    recordings: tuple[str, ...] = ()

    @property
    def paths(self) -> list[str]:
        """The image files."""
        return [image.path for image in self.images]

    @property
    def num_unread(self) -> int:
        """How many images could not be read, or are black: nothing is compared with them."""
        return int((~self.pixels.any(axis=(1, 2))).sum())

    def shows(self, paths: Sequence[str], stamps: np.ndarray) -> bool:
        """Return whether its pixels are of these files, as they are now."""
        return self.paths == list(paths) and np.array_equal(self.stamps, stamps)

    def equals(self, other: ValidationView) -> bool:
        """Return whether another one is the same."""
        ones, others = self._arrays(), other._arrays()
        return all(np.array_equal(ones[name], others[name]) for name in ones)

    def save(self, bank: Path) -> None:
        """Write it beside the folder of a bank."""
        with new_file(_beside(bank)) as path, path.open('wb') as file:
            np.savez_compressed(file, **self._arrays())

    @staticmethod
    def remove(bank: Path) -> None:
        """Remove what lies beside the folder of a bank: the bank is another one, or has no validation set any more."""
        _beside(bank).unlink(missing_ok=True)

    def _arrays(self) -> dict[str, Any]:
        boxes = [np.asarray(image.boxes, np.float64).reshape(-1, 4) for image in self.images]
        return {
            'paths': np.array(self.paths, str),
            'sizes': np.array([image.size for image in self.images], np.float64),
            'counts': np.array([len(image.names) for image in self.images], np.int64),
            'names': np.array([name for image in self.images for name in image.names], str),
            'boxes': np.concatenate([np.zeros((0, 4)), *boxes]),
            'stamps': self.stamps,
            'pixels': self.pixels,
            'group': np.array(self.group),
            'recordings': np.array(self.recordings, str),
        }

    @classmethod
    def load(cls, bank: Path) -> ValidationView | None:
        """Return what is beside the folder of a bank, None if that is nothing that can be read."""
        try:
            with np.load(_beside(bank), allow_pickle=False) as file:
                ends = np.cumsum(file['counts'])[:-1]
                names = [tuple(part.tolist()) for part in np.split(file['names'], ends)]
                sizes = map(tuple, file['sizes'].tolist())
                each = zip(file['paths'].tolist(), sizes, names, np.split(file['boxes'], ends), strict=True)
                images = tuple(LabelledImage(*one) for one in each)
                return cls(
                    images, file['stamps'], file['pixels'], str(file['group']), tuple(file['recordings'].tolist())
                )
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None


def _beside(bank: Path) -> Path:
    return bank.with_name(f'{bank.name}.validation.npz')
