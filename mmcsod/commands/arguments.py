"""Options that several commands have, and those that are a dataclass's fields, spelled and explained there alone."""

import argparse
import inspect
import re
from dataclasses import fields
from typing import Any, get_args, get_type_hints


def add_fields(
    parser: argparse._ActionsContainer, kind: type, suppress: bool = False, **changes: dict[str, Any] | None
) -> None:
    """Add an option for each field of a dataclass; its docstring's ``Attributes`` are the help.

    ``changes`` holds, by field, further arguments of ``add_argument``, or None for a field that is no option here. An
    option that is not given is no attribute of the arguments if ``suppress`` is set.
    """
    hints, texts = get_type_hints(kind), _texts(kind)
    for field in fields(kind):
        change = changes.get(field.name, {})
        if change is not None:
            has_default = isinstance(field.default, str | int | float) and not isinstance(field.default, bool)
            shown = f' (default: {field.default})' if has_default else ''
            default = argparse.SUPPRESS if suppress else field.default
            words = {'default': default, 'help': texts[field.name] + shown, **_taken(hints[field.name]), **change}
            parser.add_argument(f'--{field.name.replace("_", "-")}', **words)


def _taken(hint: Any) -> dict[str, Any]:
    """Return how an option takes the values of a type."""
    kinds = get_args(hint) or (hint,)
    if bool in kinds:
        return {'action': 'store_true' if hint is bool else argparse.BooleanOptionalAction}
    if str in kinds:
        return {}
    number = next((kind for kind in (int, float) if kind in kinds), None)
    return {} if number is None else {'type': number, 'metavar': 'N' if number is int else 'X'}


def _texts(kind: type) -> dict[str, str]:
    """Return what a docstring says of each attribute, without a capital and a full stop, as help has it."""
    section = (inspect.getdoc(kind) or '').partition('Attributes:\n')[2].partition('\n\n')[0]
    found = re.findall(r'^    (\w+): (.*?)(?=^    \w|\Z)', section, re.DOTALL | re.MULTILINE)
    words = {name: ' '.join(text.split()).removesuffix('.').replace('%', '%%') for name, text in found}
    return {name: text[:1].lower() + text[1:] if text[1:2].islower() else text for name, text in words.items()}


def add_cfg_options(
    parser: argparse._ActionsContainer, text: str = 'replace entries of the config, as for mmdet'
) -> None:
    """Add ``--cfg-options``; given twice, both count."""
    parser.add_argument('--cfg-options', nargs='+', action='extend', metavar='KEY=VALUE', default=[], help=text)


def add_labels_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that go with labels."""
    group = parser.add_argument_group('labels')
    group.add_argument('--images', metavar='DIR', help='folder of the images (default: found around the labels)')
    for name, what in (('val', 'validation'), ('test', 'test')):
        group.add_argument(
            f'--{name}',
            metavar='LABELS',
            help=f'labels of the {what} set (default: those that data.yaml or VOC lists name)',
        )
