"""What a report asks to look at beside the coreset: validation images that leak, and labels that may be wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmcsod.records.bank import FeatureBank
from mmcsod.report.images import is_turned
from mmcsod.report.leak import Leak, Leaks
from mmcsod.report.suspicious import Label, has_label_scores, is_doubtful, suspicious_labels
from mmcsod.report.thumbnails import small_copy, small_crop

MOST = 12
"""Pairs, and labels, that a report shows."""


@dataclass(frozen=True)
class Findings:
    """Pairs and labels to look at, the most telling first, and how many there are of each.

    ``all_leaks`` is None if no validation images are known; ``has_scores`` says whether the bank holds label scores.
    """

    leaks: Sequence[Leak]
    all_leaks: Leaks | None
    labels: Sequence[Label]
    num_labels: int
    has_scores: bool

    @classmethod
    def of(cls, bank: FeatureBank, leaks: Leaks | None) -> Findings:
        """Gather them."""
        pairs = [] if leaks is None else leaks.pairs[:MOST]
        has_scores = has_label_scores(bank)
        labels = list(filter(is_doubtful, suspicious_labels(bank))) if has_scores else []
        return cls(pairs, leaks, labels[:MOST], len(labels), has_scores)

    def pictures(self, bank: FeatureBank, root: Path) -> dict[str, str]:
        """Return ``data:`` URIs: of the validation images as leak-0, leak-1, ..., of the labels as label-0, ..."""
        found = {f'leak-{n}': small_copy(Path(leak.validation)) for n, leak in enumerate(self.leaks)}
        for n, label in enumerate(self.labels):
            turn = is_turned(bank, bank.image_index[label.image])
            found[f'label-{n}'] = small_crop(root / label.image, label.box, label.refined, turn)
        return {name: uri for name, uri in found.items() if uri is not None}
