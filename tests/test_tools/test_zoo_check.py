"""The check of the zoo: what it counts as one, what it says of a result, and that it runs a config for real."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'dev'))

import zoo_check
import zoo_page

# Families that no other test reads.
SMALL = (
    'yolo/yolov3_mobilenetv2_8xb24-320-300e_coco.py',
    'fast_rcnn/fast-rcnn_r50_fpn_1x_coco.py',
    'crowddet/crowddet-rcnn_r50_fpn_8xb2-30e_crowdhuman.py',
)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('zoo')
    zoo_check.write_data(folder)
    return folder


def test_configs_that_differ_in_what_features_do_not_depend_on_are_one():
    keys = {
        name: zoo_check.key_of(f'retinanet/{name}_coco.py')['key']
        for name in ('retinanet_r50_fpn_1x', 'retinanet_r50_fpn_2x', 'retinanet_r50_fpn_90k', 'retinanet_r101_fpn_1x')
    }
    assert len(set(keys.values())) == 2
    assert keys['retinanet_r50_fpn_1x'] == keys['retinanet_r50_fpn_2x']


def test_one_of_each_kind_comes_first():
    names = ['a/x_r101_fpn_1x_coco.py', 'a/x_r50_fpn_1x_coco.py', 'b/y_r50_fpn_1x_coco.py', 'a/x_r50_fpn_2x_coco.py']
    order = [names[int(key)] for key in zoo_check.varied_first({str(i): name for i, name in enumerate(names)})]
    assert order[:2] == ['a/x_r50_fpn_1x_coco.py', 'b/y_r50_fpn_1x_coco.py']
    assert order[-1] == 'a/x_r101_fpn_1x_coco.py'


@pytest.mark.parametrize('name', SMALL)
def test_a_config_runs(name, data, monkeypatch):
    monkeypatch.setattr(zoo_check.logging, 'disable', lambda level: None)
    result = zoo_check.try_config(name, data)
    assert result['status'] == 'works', result


def test_a_child_that_dies_is_a_result(tmp_path):
    log = tmp_path / 'log'
    assert zoo_check.in_child(lambda: sys.exit(3), log) == {'status': 'fails', 'text': 'exit status 1'}
    assert zoo_check.in_child(lambda: os.kill(os.getpid(), 9), log)['text'] == 'killed by signal 9'
    assert zoo_check.in_child(lambda: {'status': 'works'}, log) == {'status': 'works'}


@pytest.mark.parametrize(
    ('result', 'said'),
    [
        ({'status': 'works', 'tap': 'fc', 'text': ''}, ('works', 'fc')),
        (
            {'status': 'refused', 'text': 'The config has no `model`; give ...'},
            ('does not apply', 'no model: a part of other configs'),
        ),
        ({'status': 'refused', 'text': 'X has an operation that does not run on cpu (...)'}, ('fails', 'needs a GPU')),
        ({'status': 'traceback', 'text': 'KeyError: 1'}, ('traceback', 'KeyError: 1')),
        (None, ('not run', '')),
    ],
)
def test_what_is_said_of_a_result(result, said):
    assert zoo_page.verdict({'config': 'a/b.py', 'key': 'k', 'kind': 'other'}, result) == said
