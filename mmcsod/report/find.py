"""What a bank was made from, and where its images are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmcsod.records.bank import FeatureBank

NUM_TRIED = 64


def sources(bank: FeatureBank) -> list[Mapping[str, Any]]:
    """Return the provenance of each bank that stands side by side in this one, or its own."""
    return list(bank.provenance.get('side_by_side') or [bank.provenance])


def find_root(bank: FeatureBank, given: str | Path | None = None) -> Path | None:
    """Return the folder that the bank's images are below, or None if none of the first ones is there.

    Args:
        bank: Its provenance names the folder that the features were extracted from.
        given: The folder to look in instead.
    """
    root = sources(bank)[0].get('data_root') if given is None else given
    if not isinstance(root, str | Path) or '://' in str(root):
        return None
    return Path(root) if any((Path(root) / image).is_file() for image in bank.images[:NUM_TRIED]) else None
