import pytest

from mmcsod.config import parse_cfg_options
from mmcsod.errors import UserError


def test_options_are_read_as_mmengine_reads_them():
    assert parse_cfg_options(['a.b=1', 'c=[1,(2,x)]', 'd=p=q', 'a.b=2.5']) == {
        'a.b': 2.5, 'c': [1, (2, 'x')], 'd': 'p=q'}
    assert parse_cfg_options([]) == {}


@pytest.mark.parametrize('option', ['foo', 'a=[1,2', 'a=(1,[2)'])
def test_what_is_no_option_is_named(option):
    with pytest.raises(UserError, match='--cfg-options cannot read'):
        parse_cfg_options(['b=1', option])
