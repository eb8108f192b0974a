"""Skips what this machine cannot run, and says why; what makes MMEngine quick over many tests."""

import gc
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / 'data'


@cache
def has_cuda():
    import torch

    return torch.cuda.is_available()


@pytest.fixture(scope='session', autouse=True)
def _index_is_read_once():
    """MMEngine reads the 100 files of MMDetection's index anew for each `mmdet::` that a config names as its base."""
    try:
        utils = import_module('mmengine.config.utils')
    except ModuleNotFoundError:  # Stage 2 is tested without it
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, 'load', cache(utils.load))
        yield


@pytest.fixture(scope='module', autouse=True)
def _garbage_is_looked_for_among_few_objects():
    """MMEngine collects garbage whenever it builds a dataset: a third of a second with all that is imported here."""
    gc.collect()
    gc.freeze()


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
