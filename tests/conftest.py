"""Skips what this machine cannot run, and says why."""

from functools import cache
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / 'data'


@cache
def has_cuda():
    import torch

    return torch.cuda.is_available()


def pytest_addoption(parser):
    parser.addoption('--campaigns', action='store_true', help='run the tests marked campaign, too')


def pytest_runtest_setup(item):
    if item.get_closest_marker('campaign') and not item.config.getoption('--campaigns'):
        pytest.skip('a campaign; make campaigns runs it')
    if item.get_closest_marker('gpu') and not has_cuda():
        pytest.skip('needs CUDA')
    for marker in item.iter_markers('data'):
        if not (DATA / marker.args[0]).exists():
            pytest.skip(f'needs data/{marker.args[0]}; see data/README.md')
