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


class Counted(str):
    """A name that counts how often any is compared."""

    comparisons = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.comparisons += 1
        return str.__eq__(self, other)


def test_many_names_are_looked_up_not_searched_for():
    names = [str(number) for number in range(2000)]
    bank = bank_of(names)
    asked = [Counted(name) for name in reversed(names)]
    assert find_labels(bank, asked) == list(range(2000))
    assert Counted.comparisons < 10 * len(names)
