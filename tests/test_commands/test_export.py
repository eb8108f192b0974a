import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mmcsod import Coreset
from mmcsod.fileio import write_text

ROOT = Path(__file__).parents[2]


def export(*arguments):
    return subprocess.run([sys.executable, str(ROOT / 'tools' / 'export.py'), *map(str, arguments)], cwd=ROOT,
                          env={**os.environ, 'PYTHONPATH': str(ROOT)},
                          capture_output=True, text=True, check=False)


def test_coco_from_the_command_line(coco_config, coco_coreset, tmp_path):
    write_text(tmp_path / 'config.py', coco_config.pretty_text)
    result = export(coco_coreset, '--config', tmp_path / 'config.py', '--format', 'coco', '--num-images', 3,
                    '--out', tmp_path / 'out')
    assert result.returncode == 0, result.stderr
    assert '3 images written' in result.stdout
    assert 'are not what it picks' not in result.stdout + result.stderr
    assert f"ann_file='{tmp_path}/out/train.json'" in result.stdout
    assert len(json.loads((tmp_path / 'out' / 'train.json').read_text())['images']) == 3


def test_the_coreset_names_its_config(coco_config, coco_coreset, tmp_path):
    unnamed = export(coco_coreset, '--format', 'coco', '--out', tmp_path / 'out')
    assert unnamed.returncode == 2
    assert 'name it with --config' in unnamed.stderr
    write_text(tmp_path / 'config.py', coco_config.pretty_text)
    coreset = replace(Coreset.load(coco_coreset), provenance={'config': str(tmp_path / 'config.py')})
    coreset.save(tmp_path / 'named.json')
    named = export(tmp_path / 'named.json', '--format', 'coco', '--out', tmp_path / 'out')
    assert named.returncode == 0, named.stderr
    assert (tmp_path / 'out' / 'train.json').exists()


def test_cutting_a_coreset_that_is_not_nested_is_told(coco_config, coco_coreset, tmp_path):
    write_text(tmp_path / 'config.py', coco_config.pretty_text)
    replace(Coreset.load(coco_coreset), method='count:20-30', nested=False).save(tmp_path / 'count.json')
    result = export(tmp_path / 'count.json', '--config', tmp_path / 'config.py', '--format', 'coco', '--num-images', 3,
                    '--out', tmp_path / 'out')
    assert 'The first 3 of 8 images that the method count:20-30 picked are not' in result.stdout + result.stderr


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--images', 'reference'], 'error: YOLO looks for labels'),
    (['--cfg-options', 'foo'], "error: --cfg-options cannot read 'foo'; write KEY=VALUE")])
def test_mistakes_are_one_sentence(arguments, message, coco_config, coco_coreset, tmp_path):
    write_text(tmp_path / 'config.py', coco_config.pretty_text)
    result = export(coco_coreset, '--config', tmp_path / 'config.py', '--format', 'yolo', *arguments,
                    '--out', tmp_path / 'out')
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith(message)
    assert 'Traceback' not in result.stderr
    assert not (tmp_path / 'out').exists()
