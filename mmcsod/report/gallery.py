"""The selected images of a coreset as cards: why each was selected, its objects, and its nearest pool images."""

from dataclasses import dataclass, fields

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.report.objects import ImageObject, ObjectTable
from mmcsod.report.selected import Selected

TERM_NAMES = {
    'pool_similarity': 'Similarity to class',
    'selected_similarity': 'Similarity to selected',
    'score': 'Score',
    'likeness': 'Mean similarity to class',
}
"""What the report calls the terms of Eq. 4; a term of another method goes by the name of its field."""

NearestImages = tuple[int, list[int], list[int]]
"""Label, images, and their cosines in thousandths, most alike first."""


@dataclass(frozen=True)
class Card:
    """One selected image: its rank from 1, its class, its score and terms, its objects.

    ``nearest`` has, for each class in it, the turn's first, its nearest pool images: nearer to no other selected one.
    """

    rank: int
    image: int
    turn: int | None
    terms: dict[str, float]
    objects: list[ImageObject]
    nearest: list[NearestImages]

    @property
    def labels(self) -> list[int]:
        """The classes in it."""
        return sorted({entry.label for entry in self.objects})

    @property
    def num_nearest(self) -> int:
        """Number of its nearest pool images: of the class it was selected for, or of any if it was for none."""
        own = [entry for entry in self.nearest if self.turn is None or entry[0] == self.turn]
        return len({image for _, images, _ in own for image in images})


def make_cards(one: Selected, table: ObjectTable) -> list[Card]:
    """Return a card for each selected image, in order."""
    nearest = _nearest_images(one)
    picks = zip(one.coreset.picks, one.images.tolist(), one.turns, nearest, strict=True)
    return [
        Card(rank, image, turn, terms_of(pick), table.of(image), sorted(own, key=lambda s: s[0] != turn))
        for rank, (pick, image, turn, own) in enumerate(picks, start=1)
    ]


def terms_of(pick: Pick) -> dict[str, float]:
    """Return all numbers of a selected image, whatever its method, by the name to show."""
    found = {entry.name: getattr(pick, entry.name) for entry in fields(pick) if entry.name not in ('image_id', 'label')}
    return {
        TERM_NAMES.get(name, name.replace('_', ' ').capitalize()): float(value)
        for name, value in found.items()
        if isinstance(value, int | float)
    }


def _nearest_images(one: Selected) -> list[list[NearestImages]]:
    """Split the rows of each class among the selected images that they are nearest to."""
    nearest: list[list[NearestImages]] = [[] for _ in one.coreset.picks]
    for label, found in one.coverages.items():
        rows = np.flatnonzero((found.nearest >= 0) & ~one.mask[found.images])
        rows = rows[np.lexsort((-found.cosines[rows], found.nearest[rows]))]
        ranks, starts = np.unique(found.nearest[rows], return_index=True)
        for rank, own in zip(ranks.tolist(), np.split(rows, starts)[1:], strict=True):
            thousandths = np.rint(1000 * found.cosines[own].astype(np.float64)).astype(int)
            nearest[rank].append((label, found.images[own].tolist(), thousandths.tolist()))
    return nearest
