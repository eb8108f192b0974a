import re
from pathlib import Path

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.selection import method_names, registry

DOCS = Path(__file__).parents[2] / 'docs' / 'methods.md'


def test_every_method_is_documented():
    table = set(re.findall(r'^\| `([^`]+)` \|', DOCS.read_text(encoding='utf-8'), re.MULTILINE))
    assert table == set(method_names())


def test_the_documented_example_is_a_method(monkeypatch):
    example = re.findall(r'```python\n(""".*?)```', DOCS.read_text(encoding='utf-8'), re.DOTALL)[0]
    monkeypatch.setattr(registry, '_METHODS', dict(registry._METHODS))
    exec(compile(example, 'docs/methods.md', 'exec'), {'__name__': 'documented'})
    bank = FeatureBank.from_arrays(np.ones((4, 2), np.float32), ['a', 'b', 'c', 'd'], [0, 0, 0, 1], ['cat', 'dog'])
    bank.rows['count'] = [3, 1, 2, 9]
    assert select_coreset(bank, num_images=4, method='min').image_ids == ['b', 'd', 'c', 'a']


@pytest.mark.parametrize('name', [name.partition(':')[0] for name in method_names()])
def test_every_method_says_where_it_is_from(name):
    text = registry._METHODS[name].select.__doc__
    assert re.search(r'[Ss]ection|Welling|Sener|Iyer|Carbonell|et al\.|Maharana|Arthur|Griffin', text), text


@pytest.mark.parametrize(
    ('method', 'message'),
    [
        ('count', "'count' is written count:LOW-HIGH"),
        ('uniform:3', "'uniform:3' is written uniform"),
        ('nonsense', "no selection method 'nonsense'.*count:LOW-HIGH.*uniform"),
    ],
)
def test_names_that_are_no_method_are_refused(method, message):
    with pytest.raises(UserError, match=message):
        registry.get_method(method)
