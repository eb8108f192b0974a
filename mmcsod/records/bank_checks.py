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
    _check_names(images, classes)
    ranges = {'image': range(len(images)), 'label': range(len(classes))}
    _check_vectors('vectors', vectors, ('float32', 'float16'))
    _check_table('rows', rows, ROW_DTYPE, {**ranges, 'count': range(1 << 31)})
    _check_number('vectors', vectors, len(rows), 'table rows')
    given = {name: array for name, array in optional.items() if array is not None}
    for name, array in given.items():
        if name in OF_IMAGES:
            _check_of_images(name, array, len(images))
        if name in ('image_vectors', 'object_vectors'):
            _check_vectors(name, array, ('float16', 'float32', 'float64'))
    if 'image_vectors' in given:
        _check_number('image vectors', given['image_vectors'], len(images), 'images')
    if 'prediction_scores' in given:
        _check_table('prediction scores', given['prediction_scores'], SCORE_DTYPE, ranges)
    if 'objects' in given:
        _check_table('objects', given['objects'], OBJECT_DTYPE, ranges)
        _check_of_objects(given, int((~given['objects']['ignored']).sum()), len(classes))


def _check_names(images: Sequence[str], classes: Sequence[str]) -> None:
    if len(set(images)) < len(images):
        twice = Counter(images).most_common(1)[0][0]
        raise UserError(f"The bank names the image '{twice}' twice; ids must tell images apart.")
    refuse_several_lines(images)
    refuse_undecodable((*images, *classes))


def _check_vectors(name: str, vectors: np.ndarray, dtypes: Sequence[str]) -> None:
    name = name.replace('_', ' ')
    if vectors.ndim != 2:
        raise UserError(f"A bank's {name} must be a 2-d array (rows, dimensions), not {vectors.ndim}-d.")
    if vectors.dtype not in dtypes:
        raise UserError(f"A bank's {name} must be {' or '.join(dtypes)}, not {vectors.dtype}; convert them.")


def _check_number(name: str, array: np.ndarray, number: int, of: str) -> None:
    if len(array) != number:
        raise UserError(f'The bank has {len(array)} {name} but {number} {of}; {AGAIN}')


def _check_of_images(name: str, array: np.ndarray, num_images: int) -> None:
    dtype, shape = OF_IMAGES[name][0], (num_images, *OF_IMAGES[name][1])
    if not (array.dtype == dtype and array.shape == shape):
        raise UserError(
            f"The bank's {name} are {array.dtype} of shape {array.shape}, not {dtype} of shape {shape}; {AGAIN}"
        )


def _check_table(name: str, table: np.ndarray, dtype: np.dtype, ranges: Mapping[str, range]) -> None:
    """Refuse a table of other columns, or of numbers outside the range of their column."""
    if not (table.ndim == 1 and table.dtype == dtype):
        raise UserError(f"The bank's {name} have the columns {table.dtype}, not {dtype}; {AGAIN}")
    for column, allowed in ranges.items():
        if len(table) and not all(int(value) in allowed for value in (table[column].min(), table[column].max())):
            raise UserError(
                f"The bank's {name} name a {column} outside {allowed.start}..{allowed.stop - 1}; its tables do not "
                'belong together.'
            )


def _check_of_objects(arrays: Mapping[str, np.ndarray], number: int, num_classes: int) -> None:
    """Refuse arrays that do not have one entry for each object that is not ignored."""
    if 'label_scores' in arrays:
        others = {'other_label': range(-1, num_classes)}
        _check_table('label scores', arrays['label_scores'], LABEL_SCORE_DTYPE, others)
    for name in ('label_scores', 'object_vectors'):
        if name in arrays:
            _check_number(name.replace('_', ' '), arrays[name], number, 'objects that are not ignored')
