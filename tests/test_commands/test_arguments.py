"""``--cfg-options``, which every command that reads a config has."""

import argparse
import importlib

import pytest

WORDS = {
    'select': ['config.py', 'checkpoint.pth', '--num-images', '3'],
    'retrain': ['config.py', 'coreset.json'],
    'export': ['coreset.json', '--format', 'coco', '--out', 'folder'],
    'experiment': ['grid.py'],
}


@pytest.mark.parametrize('command', WORDS)
def test_given_twice_both_count(command):
    parser = argparse.ArgumentParser()
    importlib.import_module(f'mmcsod.commands.{command}').add_arguments(parser)
    args = parser.parse_args([*WORDS[command], '--cfg-options', 'a=1', 'b=2', '--cfg-options', 'c=3'])
    assert args.cfg_options == ['a=1', 'b=2', 'c=3']
    assert parser.parse_args(WORDS[command]).cfg_options == []
