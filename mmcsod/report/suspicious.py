"""Which labels are likely to be wrong, by what a detector says of the boxes."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_csv

SURE = 0.5
"""Probability above which another class, or no class at all, is a reason."""

LOOSE = 0.5
"""IoU below which a box is said to be poorly localised."""


@dataclass(frozen=True)
class Label:
    """What speaks against a label; ``suspicion`` orders them, the others are as in ``LABEL_SCORE_DTYPE``.

    The refined box is in pixels, NaN where it is unknown.
    """

    image: str
    class_name: str
    x1: float
    y1: float
    x2: float
    y2: float
    suspicion: float
    own: float
    other: float
    other_class: str
    iou: float
    refined_x1: float
    refined_y1: float
    refined_x2: float
    refined_y2: float
    reason: str

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The labelled box."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def refined(self) -> tuple[float, float, float, float] | None:
        """What the detector refines it to, None where that is unknown."""
        box = self.refined_x1, self.refined_y1, self.refined_x2, self.refined_y2
        return box if all(map(math.isfinite, box)) else None


def suspicious_labels(bank: FeatureBank) -> list[Label]:
    """Return every scored label of a bank, the most suspicious first."""
    if not has_label_scores(bank) or bank.label_scores is None or bank.objects is None:
        raise UserError(
            'This bank holds no label scores; extract again, with --overwrite or into another --work-dir, '
            'and with a detector that has one box head, such as Faster R-CNN, and was trained on the classes of the '
            'dataset.'
        )
    objects = bank.objects[~bank.objects['ignored']]
    suspected = suspicion(bank.label_scores)
    order = np.argsort(-suspected, kind='stable')
    scored = order[np.isfinite(bank.label_scores['own'][order])].tolist()
    return [_label(bank, objects[i], bank.label_scores[i], float(suspected[i])) for i in scored]


def has_label_scores(bank: FeatureBank) -> bool:
    """Return whether a bank holds the detector's scores of its labels."""
    return (
        bank.objects is not None and bank.label_scores is not None and bool(np.isfinite(bank.label_scores['own']).any())
    )


def is_doubtful(label: Label) -> bool:
    """Return whether another class, or no class at all, is likelier than the label's."""
    return label.suspicion > 0 or 1 - label.own - label.other > SURE


def suspicious_table(labels: Sequence[Label]) -> str:
    """Return a line for each label."""
    return '\n'.join(
        f'{each.suspicion:+.3f}  {each.image}  box {each.x1:.0f}, {each.y1:.0f}, {each.x2:.0f}, {each.y2:.0f}: '
        f'{each.reason}'
        for each in labels
    )


def write_labels(labels: Sequence[Label], path: str | Path) -> None:
    """Write labels as CSV, with the names of their attributes as its first line."""
    rows = ([round(value, 4) if isinstance(value, float) else value for value in astuple(each)] for each in labels)
    write_csv(path, [[field.name for field in fields(Label)], *rows])


def suspicion(scores: np.ndarray) -> np.ndarray:
    """Return how likely each label is wrong, (n,) from -1 to 1: the highest other class less the label's probability.

    This is the normalised margin of confident learning (Northcutt, Jiang and Chuang, JAIR 2021), negated. Objects
    without scores get -1.
    """
    return np.nan_to_num(scores['other'] - scores['own'], nan=-1.0).astype(np.float64)


def reason(scores: np.void, label: str, classes: Sequence[str]) -> str:
    """Return in words what speaks against a label."""
    words = [f'{label} has {scores["own"]:.2f}']
    if scores['other'] > scores['own']:
        words.append(f'{classes[scores["other_label"]]} has {scores["other"]:.2f}')
    if 1 - scores['own'] - scores['other'] > SURE:
        words.append('it may be no object of these classes')
    if scores['iou'] < LOOSE:
        words.append(f'poorly localised box (IoU {scores["iou"]:.2f})')
    return ', '.join(words)


def _label(bank: FeatureBank, labelled: np.void, scores: np.void, suspected: float) -> Label:
    name, other = bank.classes[labelled['label']], int(scores['other_label'])
    x1, y1, x2, y2 = labelled['box'].tolist()
    left, top, right, bottom = scores['refined'].tolist()
    return Label(
        bank.images[labelled['image']],
        name,
        x1,
        y1,
        x2,
        y2,
        suspected,
        float(scores['own']),
        float(scores['other']),
        bank.classes[other] if other >= 0 else '',
        float(scores['iou']),
        x1 + left * (x2 - x1),
        y1 + top * (y2 - y1),
        x1 + right * (x2 - x1),
        y1 + bottom * (y2 - y1),
        reason(scores, name, bank.classes),
    )
