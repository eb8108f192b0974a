"""What the arrays of a feature bank must be, whoever made them."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from mmcsod.util.errors import UserError
from mmcsod.util.files import refuse_several_lines, refuse_undecodable

AGAIN = 'extract again with --overwrite.'

ROW_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('count', '<i4')])
LABEL_SCORE_DTYPE = np.dtype(
    [('own', '<f4'), ('other', '<f4'), ('other_label', '<i4'), ('iou', '<f4'), ('refined', '<f4', (4,))]
)
"""Probability of the label, the highest of another class (background is none) and which, the IoU of the box with what
the detector refines it to for the label, and the corners of that one, from the box's upper left corner in widths and
heights of the box: 0, 0, 1, 1 if it stays. NaN, and -1, where that is unknown."""

SCORE_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('score', '<f4')])
"""A prediction: index of its image, index of its class, and the detector's score from 0 to 1."""

PIXELS_SIDE = 32

OF_IMAGES: dict[str, tuple[np.dtype, tuple[int, ...]]] = {
    'sizes': (np.dtype('<i4'), (2,)),
    'orientations': (np.dtype('u1'), ()),
    'pixels': (np.dtype('u1'), (PIXELS_SIDE, PIXELS_SIDE)),
}
"""Arrays of one entry for each image: dtype, and the shape of an entry."""

OBJECT_DTYPE = np.dtype([('image', '<i8'), ('label', '<i4'), ('box', '<f4', (4,)), ('area', '<f4'), ('ignored', '?')])


def check_bank(
    vectors: np.ndarray,
    rows: np.ndarray,
    images: Sequence[str],
    classes: Sequence[str],
    optional: Mapping[str, np.ndarray | None],
) -> None:
    """Refuse arrays that are of another kind or shape than a bank's, or that do not belong together; says how."""
    _check_vectors(vectors)
    _check_more_vectors('image', optional['image_vectors'])
    _check_more_vectors('object', optional['object_vectors'])
    _check_names(images, classes)
    _check_table('rows', rows, ROW_DTYPE, len(images), len(classes))
    if len(vectors) != len(rows):
        raise UserError(f'The bank has {len(vectors)} vectors but {len(rows)} table rows; {AGAIN}')
    if len(rows) and rows['count'].min() < 0:
        raise UserError(f"The bank's rows count objects below 0; {AGAIN}")
    _check_of_images(optional, len(images))
    if (scores := optional['prediction_scores']) is not None:
        _check_table('prediction scores', scores, SCORE_DTYPE, len(images), len(classes))
    objects = optional['objects']
    if objects is not None:
        _check_table('objects', objects, OBJECT_DTYPE, len(images), len(classes))
        _check_object_vectors(objects, optional['object_vectors'])
        _check_label_scores(objects, optional['label_scores'], len(classes))


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


def _check_of_images(arrays: Mapping[str, np.ndarray | None], num_images: int) -> None:
    """Refuse an array that does not have one entry for each image."""
    vectors = arrays['image_vectors']
    if vectors is not None and len(vectors) != num_images:
        raise UserError(f'The bank has {len(vectors)} image vectors but {num_images} images; {AGAIN}')
    for name, (dtype, shape) in OF_IMAGES.items():
        array = arrays[name]
        if array is not None and not (array.dtype == dtype and array.shape == (num_images, *shape)):
            raise UserError(
                f"The bank's {name} are {array.dtype} of shape {array.shape}, not {dtype} of shape "
                f'{(num_images, *shape)}; {AGAIN}'
            )


def _check_names(images: Sequence[str], classes: Sequence[str]) -> None:
    if len(set(images)) < len(images):
        twice = Counter(images).most_common(1)[0][0]
        raise UserError(f"The bank names the image '{twice}' twice; ids must tell images apart.")
    refuse_several_lines(images)
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


def _check_label_scores(objects: np.ndarray, scores: np.ndarray | None, num_classes: int) -> None:
    if scores is None:
        return
    if not (scores.ndim == 1 and scores.dtype == LABEL_SCORE_DTYPE):
        raise UserError(f"The bank's label scores have the columns {scores.dtype}, not {LABEL_SCORE_DTYPE}; {AGAIN}")
    expected = int((~objects['ignored']).sum())
    if len(scores) != expected:
        raise UserError(
            f'The bank has label scores of {len(scores)} objects but {expected} that are not ignored; {AGAIN}'
        )
    others = scores['other_label']
    if len(others) and not (-1 <= others.min() and others.max() < num_classes):
        raise UserError(f"The bank's label scores name a class that is none of its own; {AGAIN}")
