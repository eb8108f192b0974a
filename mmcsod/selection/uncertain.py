"""Uncertainty sampling: of images whose objects are predictions, those that the detector is least certain of.

Selection has two steps, as in FASS (Wei, Iyer and Bilmes, ICML 2015) and PPAL (Yang, Huang and Crowley, CVPR 2024):
keep the least certain images, then let any method select among them, so that Eq. 4 and its kernels stay as they are.
An image is as uncertain in a class as the sum over its predictions of that class (Brust, Kaeding and Denzler, VISAPP
2019, compare it with mean and maximum). Entropy and margin are those of Settles' survey (2009), of the two outcomes
that a score p is about:

    entropy  -p log2 p - (1 - p) log2(1 - p)
    margin   1 - |p - (1 - p)|

Each class keeps its share of the least certain, so that all go on taking turns.
"""

import math
from collections.abc import Collection

import numpy as np

from mmcsod.selection.pool import Pool
from mmcsod.util.errors import UserError

CANDIDATES = 4
"""Images that are kept for each image to select, at least."""


def entropy(scores: np.ndarray) -> np.ndarray:
    """Return the entropy in bits of scores, (n,) from 0 to 1."""
    from scipy.special import entr  # takes longer to import than most selections take

    return np.asarray((entr(scores) + entr(1 - scores)) / math.log(2))


def margin(scores: np.ndarray) -> np.ndarray:
    """Return how near the two outcomes are, (n,) from 0 to 1, for scores from 0 to 1."""
    return 1 - np.abs(2 * scores - 1)


MEASURES = {'entropy': entropy, 'margin': margin}


def check_measure(measure: str | None) -> None:
    """Refuse a name that is none of ``MEASURES``."""
    if measure is not None and measure not in MEASURES:
        raise UserError(f"uncertain is '{measure}'; give one of {', '.join(MEASURES)}.")


def certain_images(pool: Pool, included: Collection[int], target: int, measure: str) -> frozenset[int]:
    """Return the images to leave out: those that are among the least certain of none of their classes.

    Args:
        pool: What may be selected.
        included: Images that are selected from the start, which stay.
        target: N, included images counted in.
        measure: A name in ``MEASURES``.
    """
    scores = pool.bank.prediction_scores
    if scores is None:
        raise UserError(
            'The bank holds no scores of predictions, which uncertain is about; extract it with --predictions, '
            'with --overwrite if it was made by an earlier version.'
        )
    images = np.setdiff1d(pool.images, list(included))
    scores = scores[np.isin(scores['image'], images) & np.isin(scores['label'], pool.labels)]
    predicted = np.unique(scores['image'])
    share = min(1.0, CANDIDATES * max(1, target - len(included)) / max(1, len(predicted)))
    doubts = MEASURES[measure](scores['score'].astype(np.float64))
    of_classes = [scores['label'] == label for label in pool.labels]
    kept = [_least_certain(scores['image'][own], doubts[own], share) for own in of_classes]
    return frozenset(np.setdiff1d(predicted, np.concatenate(kept)).tolist())


def _least_certain(images: np.ndarray, doubts: np.ndarray, share: float) -> np.ndarray:
    """Return the images with the highest sums of doubts, a share of those that there are; the first of equal ones."""
    found, places = np.unique(images, return_inverse=True)
    sums = np.bincount(places, doubts, minlength=len(found))
    return found[np.argsort(-sums, kind='stable')[: math.ceil(share * len(found))]]
