"""What pool and coreset are made up of: classes, object sizes (Figure 4, section 4.5.4), objects in an image."""

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError

SIZES = ('small', 'medium', 'large')
BOUNDS = (32.0**2, 96.0**2)
"""Areas, in square pixels of the original image, at which medium and large begin: COCO's."""

IMAGE_BINS = (1, 2, 3, 4, 5, 6, 11, 21, 51)
"""Where each bin of objects an image begins; the last is open."""

PERCENTILES = (10, 30, 70, 90)
PERCENTILE_SIZES = ('extra small', 'small', 'medium', 'large', 'extra large')


def size_indices(boxes: np.ndarray) -> np.ndarray:
    """Return the index into ``SIZES`` of each of (n, 4) boxes x1, y1, x2, y2 in pixels of the original image."""
    width, height = (boxes[:, 2:] - boxes[:, :2]).astype(np.float64).T
    return np.searchsorted(BOUNDS, width * height, side='right')


def size_counts(bank: FeatureBank, images: np.ndarray | None = None) -> np.ndarray:
    """Count the objects of each of ``SIZES``, (3,) int, in all images or those of a mask, ignored ones included.

    Boxes without area are not counted.
    """
    if bank.objects is None:
        raise UserError('This bank has no table of objects, which sizes are counted in; extract it with mmcsod select.')
    boxes = bank.objects['box']
    counted = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    if images is not None:
        counted &= images[bank.objects['image']]
    return np.bincount(size_indices(boxes[counted]), minlength=len(SIZES))


def kl_divergence(pool: np.ndarray, selected: np.ndarray) -> float:
    """Return KL(pool || selected) of (k,) counts in nats, the direction of the paper's 0.013 and 0.006 (section 4.5.4).

    It is infinite where a selected count is 0 and the pool's is not, NaN if either has none at all.
    """
    from scipy.stats import entropy  # takes longer to import than most commands take

    return float(entropy(pool, selected)) if pool.sum() and selected.sum() else float('nan')


@dataclass(frozen=True)
class Distribution:
    """Counts of the pool, which is first, and of coresets over the same categories, and how to title them."""

    title: str
    axis: str
    note: str
    categories: tuple[str, ...]
    counts: dict[str, np.ndarray]
    unit: str = 'objects'


def distributions(bank: FeatureBank, masks: dict[str, np.ndarray]) -> list[Distribution]:
    """Return what can be counted: sizes only where the bank has its table of objects."""
    found = [
        Distribution(
            'Objects of each class',
            'class',
            'Objects that features were extracted from.',
            bank.classes,
            {name: class_counts(bank, mask) for name, mask in masks.items()},
        ),
        _objects_in_an_image(bank, masks),
    ]
    return found if bank.objects is None or not len(bank.objects) else found + _sizes(bank, masks)


def class_counts(bank: FeatureBank, mask: np.ndarray) -> np.ndarray:
    """Return (classes,) int, the objects behind the rows of some images."""
    rows = bank.rows[mask[bank.rows['image']]]
    return np.bincount(rows['label'], rows['count'], minlength=len(bank.classes)).astype(np.int64)


def _objects_in_an_image(bank: FeatureBank, masks: dict[str, np.ndarray]) -> Distribution:
    counts = {name: _image_counts(bank, mask) for name, mask in masks.items()}
    there = np.any(list(counts.values()), axis=0)
    names = tuple(name for name, is_there in zip(_bin_names(), there, strict=True) if is_there)
    return Distribution(
        'Objects in an image',
        'objects in an image',
        'Objects that features were extracted from.',
        names,
        {name: found[there] for name, found in counts.items()},
        'images',
    )


def _image_counts(bank: FeatureBank, mask: np.ndarray) -> np.ndarray:
    objects = bank.object_counts[mask]
    bins = np.searchsorted(IMAGE_BINS, objects[objects > 0], side='right') - 1
    return np.bincount(bins, minlength=len(IMAGE_BINS))


def _bin_names() -> tuple[str, ...]:
    ends = [following - 1 for following in IMAGE_BINS[1:]]
    names = [str(first) if first == last else f'{first}-{last}' for first, last in zip(IMAGE_BINS, ends, strict=False)]
    return (*names, f'{IMAGE_BINS[-1]} or more')


def _sizes(bank: FeatureBank, masks: dict[str, np.ndarray]) -> list[Distribution]:
    counted, sizes = _percentile_sizes(bank)
    images = bank.objects['image'][counted]  # type: ignore[index]
    return [
        Distribution(
            "Object sizes, COCO's criteria",
            'box area',
            'Small is below 32 x 32 pixels, large from 96 x 96 pixels on. Objects that training ignores count too.',
            SIZES,
            {name: size_counts(bank, mask) for name, mask in masks.items()},
        ),
        Distribution(
            "Object sizes, VOC's criteria",
            'box area within its class',
            'Each class by its own box areas in the pool: the smallest 10 % are extra small, then 20 % small, '
            '40 % medium, 20 % large, 10 % extra large, as error analyses on VOC have it (Hoiem et al., '
            '2012). Objects that training ignores count too.',
            PERCENTILE_SIZES,
            {name: np.bincount(sizes[mask[images]], minlength=len(PERCENTILE_SIZES)) for name, mask in masks.items()},
        ),
    ]


def _percentile_sizes(bank: FeatureBank) -> tuple[np.ndarray, np.ndarray]:
    """Return which objects have an area, (O,) bool, and for each of those the index into ``PERCENTILE_SIZES``."""
    boxes, labels = bank.objects['box'].astype(np.float64), bank.objects['label']  # type: ignore[index]
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    counted = (width > 0) & (height > 0)
    areas, labels = (width * height)[counted], labels[counted]
    sizes = np.zeros(len(areas), np.int64)
    for label in np.unique(labels):
        own = labels == label
        sizes[own] = np.searchsorted(np.percentile(areas[own], PERCENTILES), areas[own], side='right')
    return counted, sizes
