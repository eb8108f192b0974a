from dataclasses import replace

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError
from mmcsod.records.bank import LABEL_SCORE_DTYPE, OBJECT_DTYPE
from mmcsod.report.suspicious import reason, suspicion, suspicious_labels

CLASSES = ('cat', 'dog')


def scored(*rows):
    return np.array([(*row, (0.5, 0, 1.5, 1)) for row in rows], LABEL_SCORE_DTYPE)


def test_suspicion_by_hand():
    found = suspicion(scored((0.9, 0.1, 1, 0.8), (0.1, 0.7, 1, 0.8), (np.nan, np.nan, -1, np.nan)))
    assert found == pytest.approx([-0.8, 0.6, -1], abs=1e-6)


def test_reasons_by_hand():
    right, wrong, nothing, loose = scored(
        (0.9, 0.1, 1, 0.8), (0.1, 0.7, 1, 0.8), (0.1, 0.2, 1, 0.9), (0.8, 0.1, 1, 0.3)
    )
    assert reason(right, 'cat', CLASSES) == 'cat has 0.90'
    assert reason(wrong, 'cat', CLASSES) == 'cat has 0.10, dog has 0.70'
    assert reason(nothing, 'cat', CLASSES).endswith('dog has 0.20, it may be no object of these classes')
    assert reason(loose, 'cat', CLASSES) == 'cat has 0.80, poorly localised box (IoU 0.30)'


def test_the_refined_box_is_in_pixels():
    bank = FeatureBank.from_arrays(np.ones((1, 2), np.float32), ['a'], [0], CLASSES)
    objects = np.array([(0, 0, (10, 20, 50, 30), 400, False)], OBJECT_DTYPE)
    (label,) = suspicious_labels(replace(bank, objects=objects, label_scores=scored((0.1, 0.7, 1, 0.3))))
    assert label.box == (10, 20, 50, 30)
    assert label.refined == (30, 20, 70, 30)


def test_a_bank_without_label_scores_says_what_it_takes():
    bank = FeatureBank.from_arrays(np.ones((1, 2), np.float32), ['a'], [0], ['cat'])
    with pytest.raises(UserError, match='holds no label scores; extract again, with --overwrite'):
        suspicious_labels(bank)
