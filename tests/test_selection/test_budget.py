import numpy as np
import pytest

from mmcsod import FeatureBank, UserError
from mmcsod.selection.budget import Budget
from mmcsod.selection.pool import Pool


@pytest.fixture
def pool():
    bank = FeatureBank.from_arrays(np.ones((4, 2)), ['a', 'b', 'c', 'c'], [0, 0, 0, 1], ['x', 'y'])
    bank.rows['count'] = [1, 4, 2, 5]
    return Pool(bank, [0, 1])


@pytest.mark.parametrize(
    ('budget', 'target', 'parameters'),
    [
        (Budget(num_images=7), 7, {'num_images': 7}),
        (Budget(ratio=0.67), 2, {'ratio': 0.67}),
        (Budget(ratio=1e-9), 1, {'ratio': 1e-9}),
        (Budget(num_objects=8), 2, {'num_objects': 8}),  # 12 objects in 3 images: 4 an image
        (Budget(num_objects=1), 1, {'num_objects': 1}),
    ],
)
def test_targets(pool, budget, target, parameters):
    assert budget.target(pool) == target
    assert budget.parameters == parameters


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({}, '0 budgets were given; give one of'),
        ({'num_images': 1, 'num_objects': 1}, '2 budgets were given'),
        ({'num_images': 1.5}, 'num_images is 1.5; ask for 1 or more, a whole number'),
        ({'num_images': '60'}, "num_images is the text '60'; ask for 1 or more"),
        ({'num_objects': 0}, 'num_objects is 0'),
        ({'num_objects': 10**21}, 'more than any dataset has'),
        ({'ratio': 0.0}, 'ratio is 0.0; give a share above 0'),
        ({'ratio': 1.1}, 'ratio is 1.1'),
        ({'ratio': float('nan')}, 'ratio is nan'),
        ({'ratio': '0.1'}, "ratio is the text '0.1'"),
    ],
)
def test_budgets_that_are_none_are_refused(values, message):
    with pytest.raises(UserError, match=message):
        Budget(**values)
