from dataclasses import replace

import numpy as np
import pytest

from mmcsod import Coreset, Pick, UserError
from mmcsod.selection.options import DEFAULT_METHOD, SelectionOptions


def test_what_is_not_given_has_the_documented_default():
    options = SelectionOptions(5)
    assert (options.entry.name, options.lam, options.kernel, options.seed) == (DEFAULT_METHOD, 'auto', 'auto', 0)
    assert options.budget.parameters == {'num_images': 5}
    assert (options.given_lam, options.given_memory) == (None, None)
    assert [replace(options, memory=size).given_memory for size in ('4GB', '1.5 mb', 200)] == [
        4 * 10**9,
        1_500_000,
        200,
    ]
    assert {SelectionOptions(5, lam=lam).entry.name for lam in (0.1, '2N/D')} == {'csod'}


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        ({}, '0 budgets were given'),
        ({'num_images': 3, 'method': 'zcore', 'method_options': {'looks': 3}}, "'zcore' has no option 'looks'"),
        ({'num_images': 3, 'lam': -1}, 'lam is -1'),
        ({'num_images': 3, 'lam': float('nan')}, 'lam is nan; give 0'),
        ({'num_images': 3, 'lam': float('inf')}, 'lam is inf; give 0'),
        ({'num_images': 3, 'memory': 'much'}, "memory is 'much'; give a size such as 4GB"),
        ({'num_images': 3, 'lam': 'much'}, 'lam is much; give 0'),
        ({'num_images': 3, 'kernel': 'cuda'}, "no kernel 'cuda'"),
        ({'num_images': 3, 'seed': -1}, 'seed is -1'),
        ({'num_images': 3, 'classes': 'cat'}, "classes is the text 'cat'"),
        ({'num_images': 3, 'include': '/nowhere.txt'}, 'list of images /nowhere.txt cannot be read'),
        ({'num_images': 3, 'exclude': '/nowhere.txt'}, 'list of images /nowhere.txt cannot be read'),
        ({'num_objects': 60, 'method': 'full'}, "'full' draws a given number of images"),
    ],
)
def test_unfit_options_are_refused_before_there_is_a_bank(given, message):
    with pytest.raises(UserError, match=message):
        SelectionOptions(**given)


def test_lists_are_read_once_when_the_options_are_made(tmp_path):
    (tmp_path / 'bad.txt').write_text('b.jpg\n')
    first = Coreset((Pick('a.jpg', 0),), ('x',), 'csod')
    options = SelectionOptions(3, include=first, exclude=tmp_path / 'bad.txt')
    (tmp_path / 'bad.txt').unlink()
    assert (options.include, options.exclude) == (('a.jpg',), ('b.jpg',))
    assert replace(options, num_images=2).exclude == ('b.jpg',)


@pytest.mark.parametrize(('lam', 'number'), [('auto', None), ('0.3', 0.3), (0, 0.0), (np.float32(0.5), 0.5)])
def test_lam_is_a_number_or_left_to_the_rule(lam, number):
    assert SelectionOptions(3, lam=lam).given_lam == number
