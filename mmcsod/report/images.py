"""Where a bank's images are, and how the detector saw them."""

from __future__ import annotations

from pathlib import Path

from mmcsod.records.bank import FeatureBank

NUM_TRIED = 64
"""Images that are looked for before a folder counts as another one."""


def find_root(bank: FeatureBank, given: str | Path | None = None) -> Path | None:
    """Return the folder of the bank's images, ``given`` or its provenance's; None if the first ones are not there."""
    root = bank.provenance.get('data_root') if given is None else given
    if not isinstance(root, str | Path) or '://' in str(root):
        return None
    return Path(root) if any((Path(root) / image).is_file() for image in bank.images[:NUM_TRIED]) else None


def is_turned(bank: FeatureBank, image: int) -> bool:
    """Return whether EXIF data may turn an image: not if the detector saw it as it lies in the file."""
    return bank.orientations is None or int(bank.orientations[image]) != 1
