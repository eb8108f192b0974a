"""How the objects of one image rank within their class: Figure 7 of the paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.prototypes import class_objects
from mmcsod.selection.unit_rows import unit_rows


@dataclass(frozen=True)
class RankedImage:
    """A selected image and its objects of the class at whose turn it was selected.

    Attributes:
        image_id: The image.
        boxes: (k, 4) float32, x1, y1, x2, y2 in pixels of the original image.
        ranks: (k,) float64, the share of the class's objects that score higher: 0 is the best, near 1 the worst.
    """

    image_id: str
    boxes: np.ndarray
    ranks: np.ndarray


def rank_objects(bank: FeatureBank, coreset: Coreset, label: int, num_images: int) -> list[RankedImage]:
    """Rank the objects of the first images that a coreset selected at a class's turns.

    Objects are ranked by the first sum of Eq. 4 over all objects of the class, nothing being selected yet, which is
    their rank at lam = 1e10; the ranks do not depend on the coreset. Images without an object of the class in the bank
    are left out.

    Raises:
        UserError: If the bank holds no object vectors.
    """
    objects, vectors = class_objects(bank, label)
    ranks = rank_vectors(vectors)
    turn = bank.classes[label]  # by name: a coreset of another bank may number its classes otherwise
    chosen = [pick.image_id for pick in coreset.picks if pick.label is not None and coreset.classes[pick.label] == turn]
    masks = [(image, objects['image'] == bank.image_index[image]) for image in chosen]
    return [RankedImage(image, objects['box'][mask], ranks[mask]) for image, mask in masks if mask.any()][:num_images]


def rank_vectors(vectors: np.ndarray) -> np.ndarray:
    """Rank vectors of one class by the first sum of Eq. 4, nothing being selected.

    Args:
        vectors: (k, d) float64.

    Returns:
        (k,) float64, the share of the class that scores higher: 0 is the best, near 1 the worst.
    """
    units = unit_rows(vectors)
    scores = units @ units.sum(axis=0)
    return np.searchsorted(np.sort(-scores), -scores) / max(1, len(scores))
