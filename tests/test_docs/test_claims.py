"""What pages say of defaults, versions and results, where code or result lines can contradict it."""

import re

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from mmcsod.experiments.results import read_results
from mmcsod.experiments.spec import join, load_experiment
from mmcsod.experiments.statistics import collect
from mmcsod.selection.options import DEFAULT_METHOD
from mmcsod.selection.registry import get_method, method_names
from tests.test_docs.pages import PAGES, ROOT


def text(page):
    return (ROOT / page).read_text(encoding='utf-8')


def test_the_readme_is_one_that_is_read():
    assert len(text('README.md').splitlines()) <= 90


@pytest.mark.parametrize('page', ['README.md', 'docs/select.md', 'docs/methods.md'])
def test_pages_name_the_default_method(page):
    assert set(re.findall(r'`([\w-]+)`, the default\b|`([\w-]+)` \|[^|\n]*\bthe default:', text(page))) <= {
        (DEFAULT_METHOD, ''),
        ('', DEFAULT_METHOD),
    }
    assert DEFAULT_METHOD in text(page)


def test_the_methods_page_names_those_that_are_not_nested_and_the_one_with_turns_of_its_own():
    page, needed = text('docs/methods.md'), {'count': {'low': 1, 'high': 2}}
    methods = {name: get_method(name, needed.get(name)) for name in method_names()}
    (listed,) = re.findall(r'\*\*(.*)\*\* select anew', page)
    assert set(re.findall(r'`([\w-]+)`', listed)) == {name for name, method in methods.items() if not method.nested}
    (own,) = re.findall(r'`([\w-]+)` takes `proportional` if nothing is given, all others `equal`', page)
    assert {name: method.turns for name, method in methods.items() if method.turns != 'equal'} == {own: 'proportional'}


def test_supported_versions_are_the_same_everywhere():
    table = dict(re.findall(r'^\| (OneDL|OpenMMLab) \|.*, ([\d.-]+) \|$', text('docs/install.md'), re.MULTILINE))
    assert f"OpenMMLab's {table['OpenMMLab']} or OneDL's {table['OneDL']}" in text('README.md')


def test_minutes_of_the_demo_are_the_same_everywhere():
    files = ['Makefile', 'CONTRIBUTING.md', 'mmcsod/commands/demo.py', *PAGES]
    said = {found for path in files for found in re.findall(r'[Aa]t most (\d+) minutes', text(path))}
    assert said == {'8'}


@pytest.fixture(scope='module')
def cells():
    """The cells of each method at 5 images a class, by (method, lam, turns): of fod_a and of construction."""
    names = [f'{name}{selector}' for name in ('fod_a', 'construction') for selector in ('', '_1', '_2')]
    experiments = [load_experiment(ROOT / 'configs' / 'experiments' / f'{name}.py') for name in names]
    results = [read_results(ROOT / 'results' / f'{name}.jsonl', name) for name in names]
    video, photographs = (collect(*grid) for grid in join(experiments, results))
    return {
        (series.method, series.lam, series.turns): (budgets[115], photographs[series][25])
        for series, budgets in video.items()
        if 115 in budgets
    }


ROWS = {
    '`classwise-facility-location`, the default': (DEFAULT_METHOD, None, 'proportional'),
    '`csod`, the paper\'s Eq. 4, lam by coverage': ('csod', 'coverage', 'equal'),
    'random (class-balanced)': ('uniform', None, 'equal'),
    'random (plain)': ('full', None, 'equal'),
    'every k-th image': ('stride', None, 'equal'),
    '`classwise-facility-location`, proportional turns': (DEFAULT_METHOD, None, 'proportional'),
    '`classwise-facility-location`, equal turns': (DEFAULT_METHOD, None, 'equal'),
    '`csod`, lam by coverage': ('csod', 'coverage', 'equal'),
    '`csod-logdet`': ('csod-logdet', None, 'equal'),
    '`csod`, lam = 2 N / D': ('csod', '2N/D', 'equal'),
    '`uniform`: random (class-balanced)': ('uniform', None, 'equal'),
    '`full`: random (plain)': ('full', None, 'equal'),
    '`stride`: every k-th image': ('stride', None, 'equal'),
}  # fmt: skip


@pytest.mark.parametrize('page', ['README.md', 'docs/results.md'])
def test_tables_of_the_real_sets_are_those_of_the_result_lines(page, cells):
    rows = re.findall(r'^\| ([^|]+) \| \**(\d\d\.\d)\b[^|]* \| \**(\d\d\.\d)\b[^|]* \|', text(page), re.MULTILINE)
    shown = {name: values for name, *values in rows if name in ROWS}
    assert len(shown) >= 5
    assert shown == {name: [f'{cell.mean:.1f}' for cell in cells[ROWS[name]]] for name in shown}


@pytest.mark.parametrize('page', ['README.md', 'docs/results.md'])
def test_differences_to_random_are_those_of_the_result_lines(page, cells):
    number = r'([+-]\d+\.\d)'
    rows = re.findall(rf'^\| ([^|]+) \|.*? {number}(?:, | \(){number} to {number}', text(page), re.MULTILINE)
    shown = {name: values for name, *values in rows if name in ROWS}
    assert len(shown) >= 4
    pairs = {name: zip(cells[ROWS[name]], cells['uniform', None, 'equal'], strict=True) for name in shown}
    gains = {
        name: [cell.values[seed] - other.values[seed] for cell, other in both for seed in range(3)]
        for name, both in pairs.items()
    }
    tests = {name: ttest_1samp(values, 0).confidence_interval(0.95) for name, values in gains.items()}
    assert shown == {
        name: [f'{value:+.1f}' for value in (np.mean(gains[name]), test.low, test.high)] for name, test in tests.items()
    }
