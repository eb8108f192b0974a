"""Coresets beside each other: what they share, and what only one of them holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmcsod.report.selected import Selected


@dataclass(frozen=True)
class Change:
    """Two coresets.

    Attributes:
        first, second: Their names.
        only_first, only_second: Images that one holds and the other does not, in pick order.
    """

    first: str
    second: str
    only_first: list[int]
    only_second: list[int]


def overlaps(selections: Sequence[Selected]) -> list[list[int]]:
    """Return the number of images that each two coresets share; on the diagonal, the images of each."""
    return [[int((one.mask & other.mask).sum()) for other in selections] for one in selections]


def changes(selections: Sequence[Selected]) -> list[Change]:
    """Compare each coreset with the first."""
    first, *others = selections
    return [Change(first.name, other.name, _only(first, other), _only(other, first)) for other in others]


def _only(one: Selected, other: Selected) -> list[int]:
    return [image for image in one.images.tolist() if not other.mask[image]]
