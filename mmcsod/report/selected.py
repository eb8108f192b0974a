"""Coresets laid onto the bank that they were selected from, and beside each other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.coverage import coverage_by_class
from mmcsod.selection.coverage import ClassCoverage
from mmcsod.util.errors import UserError


@dataclass(frozen=True, eq=False)
class Selected:
    """A named coreset on the bank behind it; ``mask`` says which of the D images are selected."""

    name: str
    bank: FeatureBank
    coreset: Coreset
    mask: np.ndarray

    @classmethod
    def find(cls, name: str, bank: FeatureBank, coreset: Coreset) -> Selected:
        """Look the selected images up in the bank."""
        unknown = [image for image in coreset.image_ids if image not in bank.image_index]
        if unknown:
            raise UserError(
                f'{len(unknown)} of the {len(coreset)} images of the coreset {name} are not in the bank, first '
                f"'{unknown[0]}'; give the bank it was selected from."
            )
        return cls(name, bank, coreset, bank.mask(coreset.image_ids))

    @cached_property
    def images(self) -> np.ndarray:
        """(N,) int64, index into ``bank.images`` of each selected image, in order."""
        return np.array([self.bank.image_index[image] for image in self.coreset.image_ids], np.int64)

    @cached_property
    def turns(self) -> list[int | None]:
        """Index into ``bank.classes`` of the class that each image was selected for, None if none.

        By name: a coreset of another bank may number its classes otherwise.
        """
        index = {name: label for label, name in enumerate(self.bank.classes)}
        return [
            None if pick.label is None else index.get(self.coreset.classes[pick.label]) for pick in self.coreset.picks
        ]

    @cached_property
    def coverages(self) -> dict[int, ClassCoverage]:
        """Coverage of each class that has rows."""
        return coverage_by_class(self.bank, self.images)


def load_coresets(paths: Sequence[str | Path]) -> dict[str, Coreset]:
    """Return coresets by name: the file's, or its whole path where two files have the same name."""
    stems = [Path(path).stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise UserError('A coreset file is given twice; give each once.')
    return {name: Coreset.load(path) for name, path in zip(names, paths, strict=True)}


@dataclass(frozen=True)
class Change:
    """Two coresets, and the images that one holds and the other does not, in their order."""

    first: str
    second: str
    only_first: list[int]
    only_second: list[int]


def coresets_mark(coresets: Mapping[str, Coreset]) -> str:
    """Return what a page says at its beginning to be known as the report of these coresets."""
    text = json.dumps([[name, one.image_ids] for name, one in coresets.items()])
    return f'mmcsod-report-{hashlib.sha256(text.encode()).hexdigest()[:32]}'


def overlaps(selections: Sequence[Selected]) -> list[list[int]]:
    """Return the number of images that each two coresets share; on the diagonal, the images of each."""
    return [[int((one.mask & other.mask).sum()) for other in selections] for one in selections]


def changes(selections: Sequence[Selected]) -> list[Change]:
    """Compare each coreset with the first."""
    first, *others = selections
    return [Change(first.name, other.name, _only(first, other), _only(other, first)) for other in others]


def _only(one: Selected, other: Selected) -> list[int]:
    return [image for image in one.images.tolist() if not other.mask[image]]
