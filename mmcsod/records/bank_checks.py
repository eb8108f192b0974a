"""What the arrays of a feature bank must be, whoever made them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from mmcsod.util.errors import UserError
from mmcsod.util.files import refuse_undecodable

AGAIN = 'extract again with --overwrite.'

ROW_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('count', '<i4')])
JUDGEMENT_DTYPE = np.dtype([('own', '<f4'), ('other', '<f4'), ('other_label', '<i4'), ('iou', '<f4')])
"""Probability of the label, the highest of another class (background is none) and which, and the IoU of the box with
what the detector refines it to for the label. NaN, and -1, where that is unknown."""

OBJECT_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('box', '<f4', (4,)), ('area', '<f4'), ('ignored', '?')])


def check_bank(
    vectors: np.ndarray,
    rows: np.ndarray,
    images: Sequence[str],
    classes: Sequence[str],
    image_vectors: np.ndarray | None,
    objects: np.ndarray | None,
    object_vectors: np.ndarray | None,
    judgements: np.ndarray | None,
) -> None:
    """Refuse what is no bank.

    Args:
        vectors: These and the others are what :class:`mmcsod.records.bank.FeatureBank` documents under the same names.
        rows: The table of ``vectors``.
        images: Image ids.
        classes: Class names.
        image_vectors: One for each image, or None.
        objects: The table of objects, or None.
        object_vectors: One for each object that is not ignored, or None.
        judgements: Likewise.

    Raises:
        UserError: If one is of another kind or shape, or they do not belong together; says which and how.
    """
    _check_vectors(vectors)
    _check_more_vectors('image', image_vectors)
    _check_more_vectors('object', object_vectors)
    _check_names(images, classes)
    _check_table('rows', rows, ROW_DTYPE, len(images), len(classes))
    if len(vectors) != len(rows):
        raise UserError(f'The bank has {len(vectors)} vectors but {len(rows)} table rows; {AGAIN}')
    if len(rows) and rows['count'].min() < 0:
        raise UserError(f"The bank's rows count objects below 0; {AGAIN}")
    if image_vectors is not None and len(image_vectors) != len(images):
        raise UserError(f'The bank has {len(image_vectors)} image vectors but {len(images)} images; {AGAIN}')
    if objects is not None:
        _check_table('objects', objects, OBJECT_DTYPE, len(images), len(classes))
        _check_object_vectors(objects, object_vectors)
        _check_judgements(objects, judgements, len(classes))


def _check_vectors(vectors: np.ndarray) -> None:
    if vectors.ndim != 2:
        raise UserError(f'Bank vectors must be a 2-d array (rows, dimensions), not {vectors.ndim}-d.')
    if vectors.dtype not in (np.float32, np.float16):
        raise UserError(f'Bank vectors must be float32 or float16, not {vectors.dtype}; convert them.')


def _check_more_vectors(name: str, vectors: np.ndarray | None) -> None:
    if vectors is not None and not (vectors.ndim == 2 and vectors.dtype.kind == 'f'):
        raise UserError(
            f'The {name} vectors of a bank must be a 2-d array of floats, not {vectors.ndim}-d of {vectors.dtype}.'
        )


def _check_names(images: Sequence[str], classes: Sequence[str]) -> None:
    if len(set(images)) < len(images):
        twice = next(image for image, count in Counter(images).items() if count > 1)
        raise UserError(f"The bank names the image '{twice}' twice; ids must tell images apart.")
    lines = next((image for image in images if '\n' in image or '\r' in image), None)
    if lines is not None:
        raise UserError(
            f'The bank has the image {lines!r}; a name of several lines has no place in lists of images, so rename it.'
        )
    refuse_undecodable((*images, *classes))


def _check_table(name: str, table: np.ndarray, dtype: np.dtype, num_images: int, num_classes: int) -> None:
    if not (table.ndim == 1 and table.dtype == dtype):
        raise UserError(f"The bank's {name} have the columns {table.dtype}, not {dtype}; {AGAIN}")
    for column, size in (('image', num_images), ('label', num_classes)):
        values = table[column]
        if len(values) and not (0 <= values.min() and values.max() < size):
            raise UserError(
                f"The bank's {name} name a {column} outside 0..{size - 1}; its tables do not belong together."
            )


def _check_object_vectors(objects: np.ndarray, vectors: np.ndarray | None) -> None:
    expected = int((~objects['ignored']).sum())
    if vectors is not None and len(vectors) != expected:
        raise UserError(
            f'The bank has {len(vectors)} object vectors but {expected} objects that are not ignored; {AGAIN}'
        )


def _check_judgements(objects: np.ndarray, judgements: np.ndarray | None, num_classes: int) -> None:
    if judgements is None:
        return
    if not (judgements.ndim == 1 and judgements.dtype == JUDGEMENT_DTYPE):
        raise UserError(f"The bank's judgements have the columns {judgements.dtype}, not {JUDGEMENT_DTYPE}; {AGAIN}")
    expected = int((~objects['ignored']).sum())
    if len(judgements) != expected:
        raise UserError(
            f'The bank has judgements of {len(judgements)} objects but {expected} that are not ignored; {AGAIN}'
        )
    others = judgements['other_label']
    if len(others) and not (-1 <= others.min() and others.max() < num_classes):
        raise UserError(f"The bank's judgements name a class that is none of its own; {AGAIN}")
