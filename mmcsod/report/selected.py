"""A coreset laid onto the bank that it was selected from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.representation import ClassView, represent
from mmcsod.report.tables import selected_images


@dataclass(frozen=True, eq=False)
class Selected:
    """One coreset of a report.

    Attributes:
        name: What the report calls it.
        bank: The bank behind it.
        coreset: The picks.
        mask: (len(bank.images),) bool, the images picked.
    """

    name: str
    bank: FeatureBank
    coreset: Coreset
    mask: np.ndarray

    @classmethod
    def find(cls, name: str, bank: FeatureBank, coreset: Coreset) -> Selected:
        """Look the picks up in the bank.

        Raises:
            UserError: If one is not there.
        """
        return cls(name, bank, coreset, selected_images(bank, coreset, name))

    @cached_property
    def images(self) -> np.ndarray:
        """(N,) int64, index into ``bank.images`` of each pick, in pick order."""
        return np.array([self.bank.image_index[image] for image in self.coreset.image_ids], np.int64)

    @cached_property
    def turns(self) -> list[int | None]:
        """Index into ``bank.classes`` of the class whose turn each pick was, None where no class had one.

        By name: a coreset of another bank may number its classes otherwise.
        """
        index = {name: label for label, name in enumerate(self.bank.classes)}
        return [
            None if pick.label is None else index.get(self.coreset.classes[pick.label]) for pick in self.coreset.picks
        ]

    @cached_property
    def views(self) -> dict[int, ClassView]:
        """What the picks stand for in each class that has rows."""
        return represent(self.bank, self.images)
