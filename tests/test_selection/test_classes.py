import numpy as np
import pytest

from mmcsod import FeatureBank, UserError
from mmcsod.selection.classes import find_labels


def bank_of(names):
    return FeatureBank.from_arrays(np.ones((1, 1)), ['a'], [0], names)


def test_labels_stand_in_dataset_order_each_once():
    bank = bank_of(['cat', 'dog', 'cat', 'emu'])
    assert find_labels(bank, ['emu', 'cat', 'emu']) == [0, 2, 3]
    assert find_labels(bank, None) == [0, 1, 2, 3]


def test_an_unknown_class_is_refused_with_some_that_there_are():
    with pytest.raises(UserError, match=r"no class 'cow' in the bank; its classes are cat, dog\.$"):
        find_labels(bank_of(['cat', 'dog']), ['dog', 'cow', 'pig'])
    with pytest.raises(UserError, match=r'0, 1, .*, 19 and 980 more'):
        find_labels(bank_of(list(map(str, range(1000)))), ['x'])
