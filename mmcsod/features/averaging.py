"""Section 3.4: average the vectors of one class in one image."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.image_view import UNREAD, ImageView
from mmcsod.records.bank import LABEL_SCORE_DTYPE, ROW_DTYPE
from mmcsod.util.errors import UserError


class ImageFeatures(NamedTuple):
    """What is read from one image: r_ij of its usable objects, (k, d), the pooled backbone vector, (e,), and more."""

    vectors: np.ndarray
    image: np.ndarray
    view: ImageView
    label_scores: np.ndarray | None = None


def classwise_means(vectors: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average (k, d) vectors r_ij of each class of one image (Eq. 3), in float64.

    Returns:
        p_ic as (m, d) float32 in ascending order of class; the m classes; and the objects averaged in each.
    """
    classes, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(classes), vectors.shape[1]), np.float64)
    np.add.at(sums, inverse, vectors)
    return (sums / counts[:, None]).astype(np.float32), classes, counts


def chunk_arrays(
    indices: Sequence[int],
    features: Mapping[int, ImageFeatures],
    dataset: ExtractionDataset,
    keep_objects: bool,
    scores_labels: bool = False,
) -> dict[str, np.ndarray]:
    """Return the arrays of one chunk, images in dataset order; an unreadable image has rows of nothing."""
    means, tables, objects, label_scores = [], [], [], []
    read = [index for index in indices if index in features]
    for index in read:
        table = dataset.objects_of(index)
        labels = table['label'][~table['ignored']]
        if len(labels):
            vectors, classes, counts = classwise_means(features[index].vectors, labels)
            rows = np.zeros(len(classes), ROW_DTYPE)
            rows['image'], rows['label'], rows['count'] = index, classes, counts
            means.append(vectors)
            tables.append(rows)
            objects.append(features[index].vectors)
            label_scores.append(features[index].label_scores)
    arrays = {
        'vectors': _stack(means),
        'rows': np.concatenate(tables) if tables else np.zeros(0, ROW_DTYPE),
        'unreadable': np.array([index for index in indices if index not in features], np.int64),
        'not_finite': np.array([index for index in read if not _is_finite(features[index])], np.int64),
        **_of_images(indices, features),
    }
    if keep_objects:
        arrays['object_vectors'] = _stack(objects)
    if scores_labels:
        arrays['label_scores'] = np.concatenate([np.zeros(0, LABEL_SCORE_DTYPE), *label_scores])
    return arrays


def _of_images(indices: Sequence[int], features: Mapping[int, ImageFeatures]) -> dict[str, np.ndarray]:
    """Return the arrays of one entry for each image, zeros for one that could not be read, and which are constant."""
    width = common_width(len(own.image) for own in features.values())
    unread = ImageFeatures(np.zeros((0, 0)), np.zeros(width, np.float32), UNREAD)
    images = [features.get(index, unread) for index in indices]
    constant = [index for index, own in zip(indices, images, strict=True) if own.view.is_constant]
    return {
        'image_vectors': np.stack([own.image for own in images]),
        'sizes': np.array([own.view.size for own in images], np.int32),
        'orientations': np.array([own.view.orientation for own in images], np.uint8),
        'pixels': np.stack([own.view.pixels for own in images]),
        'constant': np.array(constant, np.int64),
    }


def _is_finite(features: ImageFeatures) -> bool:
    return bool(np.isfinite(features.vectors).all() and np.isfinite(features.image).all())


def common_width(widths: Iterable[int]) -> int:
    """Return the dimensions of some vectors, 0 if all are of images that could not be read; no bank holds two."""
    found = sorted({width for width in widths if width})
    if len(found) > 1:
        raise UserError(
            f'Images have vectors of {found[0]} and of {found[-1]} dimensions; correct the tap or the backbone, which '
            'must give as many for each image.'
        )
    return found[0] if found else 0


def _stack(parts: list[np.ndarray]) -> np.ndarray:
    width = common_width(part.shape[1] for part in parts)
    return np.concatenate(parts) if parts else np.zeros((0, width), np.float32)
