"""The difference between two configs, setting by setting."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from mmcsod.util.config import type_name


def describe_difference(stock: Config, config: Config) -> list[str]:
    """Return what changed from ``stock`` to ``config``, one setting a line: removed, added, changed.

    A ``CoresetDataset`` is looked through, so that wrapping the training set is one line and not its whole subtree.
    """
    before, after = dict(_settings(stock)), dict(_settings(config))
    lines = [f'- {name} = {value}' for name, value in before.items() if name not in after]
    lines += [f'+ {name} = {value}' for name, value in after.items() if name not in before]
    lines += [
        f'~ {name}: {value} -> {after[name]}'
        for name, value in before.items()
        if name in after and after[name] != value
    ]
    return sorted(lines, key=lambda line: line[2:])


def _settings(value: Any, name: str = '') -> Iterator[tuple[str, str]]:
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, Mapping) and type_name(value) == 'CoresetDataset':
        options = ', '.join(f'{key}={item!r}' for key, item in value.items() if key not in ('type', 'dataset'))
        yield f'{name} inside CoresetDataset', options
        value = value['dataset']
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _settings(item, f'{name}.{key}' if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _settings(item, f'{name}[{index}]')
    else:
        yield name, repr(value)
