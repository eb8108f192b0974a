import pytest

from mmcsod.util.text import first_few


@pytest.mark.parametrize(('names', 'text'), [('', ''), ('ab', 'a, b'), ('abcde', 'a, b and 3 more')])
def test_the_first_names_and_how_many_follow(names, text):
    assert first_few(names, 2) == text
