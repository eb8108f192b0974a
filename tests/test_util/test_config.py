import copy

import pytest

from mmcsod.util.config import load_config, parse_cfg_options
from mmcsod.util.errors import UserError


def test_options_are_read_as_mmengine_reads_them():
    assert parse_cfg_options(['a.b=1', 'c=[1,(2,x)]', 'd=p=q', 'a.b=2.5']) == {
        'a.b': 2.5,
        'c': [1, (2, 'x')],
        'd': 'p=q',
    }
    assert parse_cfg_options([]) == {}


@pytest.mark.parametrize('option', ['foo', 'a=[1,2', 'a=(1,[2)'])
def test_what_is_no_option_is_named(option):
    with pytest.raises(UserError, match='--cfg-options cannot read'):
        parse_cfg_options(['b=1', option])


@pytest.mark.parametrize('name', ['a.b::x', '..::x', '::x', 'nosuch::x', 'mmcsod::nosuch.py', 'configs/none.py'])
def test_a_config_that_is_nowhere_is_named(name):
    with pytest.raises(UserError, match=name):
        load_config(name)


NAME = 'small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py'


@pytest.mark.parametrize('name', [f'mmcsod::{NAME}', f'configs/{NAME}'])
def test_configs_of_this_package_are_found_from_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(name).model.type == 'FasterRCNN'


def test_a_config_in_the_current_folder_comes_before_the_package_s(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'configs' / 'small').mkdir(parents=True)
    (tmp_path / 'configs' / NAME).write_text('mine = True')
    assert load_config(f'configs/{NAME}').mine


def test_a_module_in_a_new_style_config_is_dropped(tmp_path):
    """``import os`` leaves the module among the settings, where it can be neither copied nor written."""
    (tmp_path / 'lazy.py').write_text(
        'from mmengine.config import read_base\nfrom mmdet.datasets import CocoDataset\nimport os\n'
        'dataset = dict(type=CocoDataset)\n'
    )
    config = copy.deepcopy(load_config(str(tmp_path / 'lazy.py')))
    assert 'os' not in config
