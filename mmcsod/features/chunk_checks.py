"""What a chunk on the disk must be, before anything is made of it."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmcsod.records.bank import LABEL_SCORE_DTYPE, ROW_DTYPE
from mmcsod.records.bank_checks import OF_IMAGES

DAMAGE = (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)
"""What reading a damaged chunk raises."""


def is_complete(path: Path, indices: range) -> bool:
    """Return whether a chunk is undamaged, of these images, and lacks none of them because it could not be read.

    A whole zip file may hold odd arrays, too: a chunk may be copied, or come from another version.
    """
    try:
        with path.open('rb') as file, np.load(file, allow_pickle=False) as arrays:
            return arrays.zip.testzip() is None and _is_whole(arrays, indices) and len(arrays['unreadable']) == 0
    except (OSError, *DAMAGE):
        return False


def _is_whole(arrays: Mapping[str, np.ndarray], indices: range) -> bool:
    rows = arrays['rows']
    return (
        rows.ndim == 1
        and rows.dtype == ROW_DTYPE
        and _are_of(rows['image'], indices)
        and _are_vectors(arrays['vectors'], len(rows))
        and _are_vectors(arrays['image_vectors'], len(indices))
        and all(_are_of_images(arrays[name], len(indices), *kind) for name, kind in OF_IMAGES.items())
        and ('object_vectors' not in arrays or _are_vectors(arrays['object_vectors'], int(rows['count'].sum())))
        and ('label_scores' not in arrays or _are_label_scores(arrays['label_scores'], int(rows['count'].sum())))
        and all(_are_indices(arrays[name], indices) for name in ('unreadable', 'not_finite', 'constant'))
    )


def _are_of_images(array: np.ndarray, num_images: int, dtype: np.dtype, shape: tuple[int, ...]) -> bool:
    return array.dtype == dtype and array.shape == (num_images, *shape)


def _are_vectors(vectors: np.ndarray, expected: int) -> bool:
    return vectors.ndim == 2 and vectors.dtype == np.float32 and len(vectors) == expected


def _are_label_scores(scores: np.ndarray, expected: int) -> bool:
    return scores.shape == (expected,) and scores.dtype == LABEL_SCORE_DTYPE


def _are_indices(values: np.ndarray, indices: range) -> bool:
    return values.ndim == 1 and values.dtype == np.int64 and _are_of(values, indices)


def _are_of(values: np.ndarray, indices: range) -> bool:
    return bool(np.all((values >= indices.start) & (values < indices.stop)))
