import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE


def bank_of(objects):
    table = np.zeros(len(objects), OBJECT_DTYPE)
    for number, (image, label, width, height) in enumerate(objects):
        table[number] = (image, label, (5, 5, 5 + width, 5 + height), width * height, False)
    pairs = sorted({(label, image) for image, label, *_ in objects})
    rows = np.array([(image, label, 1) for label, image in pairs], ROW_DTYPE)
    return FeatureBank(np.ones((len(rows), 2), np.float32), rows, tuple('abc'), ('x', 'y'), objects=table)


def test_three_images_by_hand():
    # P / (2 sqrt(pi A)) of a square is 1.128 and of a 1 x 4 box 10 / (2 sqrt(4 pi)) = 1.410, whatever its size. Class x
    # has a square and two long boxes (sum 3.949), class y one square, whose share is all of y's.
    bank = bank_of([(0, 0, 8, 8), (1, 0, 1, 4), (1, 0, 40, 10), (2, 1, 3, 3)])
    coreset = select_coreset(bank, num_images=3, method='tfdp')
    assert coreset.image_ids == ['c', 'b', 'a']
    assert [pick.score for pick in coreset.picks] == pytest.approx([1, 2.8209 / 3.9494, 1.1284 / 3.9494], abs=1e-4)


def test_boxes_without_area_and_ignored_ones_count_nothing():
    bank = bank_of([(0, 0, 8, 8), (1, 0, 0, 4), (2, 0, 4, 4)])
    bank.objects['ignored'][2] = True
    assert [pick.score for pick in select_coreset(bank, num_images=3, method='tfdp').picks] == [1, 0, 0]


def test_a_bank_without_boxes_is_refused():
    bank = FeatureBank.from_arrays(np.ones((1, 2), np.float32), ['a'], [0], ['x'])
    with pytest.raises(UserError, match='no boxes'):
        select_coreset(bank, num_images=1, method='tfdp')
