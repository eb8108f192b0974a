"""Images that two sets of a config show, by their pixels and the places of their objects."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from mmengine.config import Config

from mmcsod.datasets.build import build_leaves, labelled_images
from mmcsod.datasets.pixels import color_types, read_pixels
from mmcsod.labels.check.findings import Finding, found
from mmcsod.records.validation import LabelledImage
from mmcsod.selection.pixels import leaks
from mmcsod.selection.same_objects import objects_of_images, same_objects

SETS = ('train', 'val', 'test')


def compare_sets(config: Config) -> list[tuple[str, Finding]]:
    """Decode the images of each set and return what cannot be read, and what a later set shows of an earlier one.

    Sets of the same images, such as a test set that is the validation set, are one.

    Returns:
        The names of the sets, and a finding about them.
    """
    sets: dict[tuple[str, ...], tuple[list[str], tuple[LabelledImage, ...], list[str]]] = {}
    for name in SETS:
        leaves = build_leaves(config, name)
        if images := labelled_images(leaves):
            sets.setdefault(tuple(image.path for image in images), ([], images, color_types(leaves)))[0].append(name)
    views = [(', '.join(names), images, *read_pixels(paths, colors)) for paths, (names, images, colors) in sets.items()]
    findings = [(name, one) for name, _, _, bad in views for one in found('unreadable image', 'images', bad)]
    for (first, pool, ones, _), (second, images, others, _) in combinations(views, 2):
        pairs = _pairs(pool, ones, images, others)
        findings += [
            (f'{second}, compared with {first}', one) for one in found('shown in both', f'{len(images)} images', pairs)
        ]
    return findings


def _pairs(
    pool: Sequence[LabelledImage], ones: np.ndarray, images: Sequence[LabelledImage], others: np.ndarray
) -> list[str]:
    names = sorted({name for image in (*pool, *images) for name in image.names})
    classes = {name: number for number, name in enumerate(names)}
    agree = same_objects(objects_of_images(images, classes), objects_of_images(pool, classes))
    same = leaks(ones, others, agree).tolist()
    return [f'{images[row].path} shows {pool[own].path}' for row, own in enumerate(same) if own >= 0]
