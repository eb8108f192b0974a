import re
from pathlib import Path

import pytest

from mmcsod import UserError
from mmcsod.selection import method_names, registry

DOCS = Path(__file__).parents[2] / 'docs' / 'methods.md'


def test_every_method_is_documented():
    table = set(re.findall(r'^\| `([^`]+)` \|', DOCS.read_text(encoding='utf-8'), re.MULTILINE))
    assert table == set(method_names())


@pytest.mark.parametrize(
    ('method', 'options', 'message'),
    [
        ('nonsense', {}, "Unknown selection method 'nonsense'.*count.*uniform"),
        ('uniform:3', {}, "Unknown selection method 'uniform:3'"),
        ('count:many', {}, "Unknown selection method 'count:many'"),
        ('count', {}, 'missing required field `low`'),
        ('count:9-3', {}, 'low is 9 and high is 3, which is not a range'),
        ('uniform', {'weight': 2}, "The method 'uniform' has no options; leave out weight"),
        ('csod-logdet', {'wait': 2}, "The method 'csod-logdet' has no option 'wait': did you mean weight"),
        ('csod-logdet', {'epsilon': 'small'}, 'unfit option: Expected `float`, got `str` - at `\\$.epsilon`'),
        ('csod-logdet', {'epsilon': 0}, 'unfit option: Expected `float` >= 1e-06'),
        ('zcore', {'samples': 1.5}, 'unfit option: Expected `int`, got `float`'),
        *((name, {}, f"'{name}' was removed; use '") for name in registry.INSTEAD),
    ],
)
def test_what_is_no_method_or_no_setting_of_one_is_refused(method, options, message):
    with pytest.raises(UserError, match=message):
        registry.get_method(method, options)


def test_what_replaces_a_removed_method_is_one():
    assert set(registry.INSTEAD.values()) <= set(method_names())


def test_settings_are_numbers_also_from_text():
    assert registry.get_method('csod-logdet', {'weight': '2'}) == registry.get_method('csod-logdet', {'weight': 2.0})
    short, long = registry.get_method('count:7-11'), registry.get_method('count', {'low': '7', 'high': 11})
    assert short == long
    assert short.changed_settings == {'low': 7, 'high': 11}
    assert registry.get_method('zcore').changed_settings == {}


def test_a_method_of_a_user_takes_no_name_of_ours_and_may_be_registered_again(monkeypatch):
    monkeypatch.setattr(registry, '_METHODS', dict(registry._METHODS))

    class Mine(registry.Method):
        def select(self, task):
            yield from ()

    with pytest.raises(UserError, match="mmcsod has a selection method 'uniform'"):
        registry.register_method('uniform')(Mine)
    with pytest.raises(UserError, match="mmcsod had a selection method 'd2', removed since"):
        registry.register_method('d2')(Mine)
    with pytest.raises(UserError, match='not a subclass of'):
        registry.register_method('mine')(lambda task: iter(()))
    registry.register_method('mine')(Mine)
    registry.register_method('mine')(Mine)
    assert registry.get_method('mine') == Mine()
