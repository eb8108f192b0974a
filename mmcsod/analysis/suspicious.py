"""Which labels are likely to be wrong, by what a detector says of the boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SURE = 0.5
"""Probability above which another class, or no class at all, is a reason."""

LOOSE = 0.5
"""IoU below which a box is said to end elsewhere."""


def suspicion(predictions: np.ndarray) -> np.ndarray:
    """Return how likely each label is wrong, (n,) from -1 to 1: the highest other class less the label's probability.

    This is the normalised margin of confident learning (Northcutt, Jiang and Chuang, JAIR 2021), negated. Objects that
    were not judged get -1.

    Args:
        predictions: (n,) of :data:`mmcsod.features.predictions.PREDICTION_DTYPE`.
    """
    return np.nan_to_num(predictions['other'] - predictions['own'], nan=-1.0).astype(np.float64)


def reason(prediction: np.void, label: str, classes: Sequence[str]) -> str:
    """Return in words what speaks against a label."""
    if not np.isfinite(prediction['own']):
        return 'not judged'
    words = [f'{label} has {prediction["own"]:.2f}']
    if prediction['other'] > prediction['own']:
        words.append(f'{classes[prediction["other_label"]]} has {prediction["other"]:.2f}')
    if 1 - prediction['own'] - prediction['other'] > SURE:
        words.append('it may be no object of these classes')
    if prediction['iou'] < LOOSE:
        words.append(f'the box ends elsewhere (IoU {prediction["iou"]:.2f})')
    return ', '.join(words)


def auroc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Return the probability that a wrong label scores higher than a right one, ties counting half.

    Args:
        scores: (n,) float.
        wrong: (n,) bool, with both kinds.
    """
    from scipy.stats import rankdata

    ranks, number = rankdata(scores), int(wrong.sum())
    return float((ranks[wrong].sum() - number * (number + 1) / 2) / (number * (len(wrong) - number)))
