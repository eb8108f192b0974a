"""Several selectors' banks as one, in which a cosine is the mean of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.selection.unit_rows import unit_rows
from mmcsod.util.errors import UserError


def load_banks(directories: Sequence[str | Path]) -> FeatureBank:
    """Open one bank, or several side by side.

    Raises:
        UserError: As :func:`side_by_side` does.
    """
    banks = [FeatureBank.load(directory) for directory in directories]
    return banks[0] if len(banks) == 1 else side_by_side(banks, [str(directory) for directory in directories])


def side_by_side(banks: Sequence[FeatureBank], names: Sequence[str]) -> FeatureBank:
    """Join banks of one training set by the ids of their images.

    Unit vectors p and q of two selectors, side by side, have the length sqrt(2), so that the cosine of two such rows
    is the mean of the cosines p_i . p_j and q_i . q_j.

    Args:
        banks: (M, d_k) vectors each; the first says in which order images, classes and rows stand.
        names: What to call them in an error message.

    Returns:
        A bank of (M, sum of d_k) float32, held in memory; with image and object vectors where all have them.

    Raises:
        UserError: If they differ in images, classes, rows or objects.
    """
    first = banks[0]
    orders = [_order_of_rows(first, bank, (names[0], name)) for bank, name in zip(banks, names, strict=True)]
    vectors = [
        unit_rows(np.asarray(bank.vectors, np.float32)[order]) for bank, order in zip(banks, orders, strict=True)
    ]
    return FeatureBank(
        vectors=np.concatenate(vectors, axis=1),
        rows=first.rows,
        images=first.images,
        classes=first.classes,
        image_vectors=_images(banks),
        objects=first.objects,
        object_vectors=_objects(banks),
        provenance={'side_by_side': [dict(bank.provenance) for bank in banks]},
    )


def _order_of_rows(first: FeatureBank, other: FeatureBank, names: tuple[str, str]) -> np.ndarray:
    """Return where the rows of the first bank stand in another."""
    if first.classes != other.classes:
        raise UserError(
            f'The banks {names[0]} and {names[1]} are of different classes; give banks of one training set.'
        )
    only = sorted(set(first.images) ^ set(other.images))
    if only:
        where = names[0 if only[0] in first.images else 1]
        raise UserError(
            f'The banks {names[0]} and {names[1]} are of different images: {len(only)} are in one of them '
            f'alone, {only[0]} in {where} first; give banks of one training set.'
        )
    places = {key: place for place, key in enumerate(_keys(other))}
    keys = _keys(first)
    alone = sorted(set(keys) ^ set(places))
    if alone:
        image, label, _ = alone[0]
        raise UserError(
            f'The banks {names[0]} and {names[1]} hold different rows: {len(alone)} are in one of them '
            f'alone, class {first.classes[label]} of {image} first; extract both with the same options.'
        )
    return np.array([places[key] for key in keys], np.int64)


def _keys(bank: FeatureBank) -> list[tuple[str, int, int]]:
    """Return image, class and, where a class has several rows in one image, the number of each row."""
    seen: dict[tuple[str, int], int] = {}
    keys = []
    for image, label in zip(bank.image_ids, bank.labels.tolist(), strict=True):
        number = seen[image, label] = seen.get((image, label), -1) + 1
        keys.append((image, label, number))
    return keys


def _images(banks: Sequence[FeatureBank]) -> np.ndarray | None:
    if any(bank.image_vectors is None for bank in banks):
        return None
    orders = [
        [place[image] for image in banks[0].images]
        for place in ({image: index for index, image in enumerate(bank.images)} for bank in banks)
    ]
    return np.concatenate(
        [
            unit_rows(np.asarray(bank.image_vectors, np.float32)[order])
            for bank, order in zip(banks, orders, strict=True)
        ],
        axis=1,
    )


def _objects(banks: Sequence[FeatureBank]) -> np.ndarray | None:
    """Return the vectors of objects side by side where all banks have them, of the same objects in the same order."""
    first = banks[0]
    if any(
        bank.object_vectors is None
        or bank.objects is None
        or first.objects is None
        or bank.images != first.images
        or not np.array_equal(bank.objects, first.objects)
        for bank in banks
    ):
        return None
    return np.concatenate([unit_rows(np.asarray(bank.object_vectors, np.float32)) for bank in banks], axis=1)
