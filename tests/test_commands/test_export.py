import json
from dataclasses import replace

import pytest

from mmcsod import Coreset
from mmcsod.util.files import write_text
from tests.tool import run_tool


@pytest.fixture
def export(coco_config, tmp_path):
    """A way to export a coreset to a folder `out`, with a config or without."""
    write_text(tmp_path / 'config.py', coco_config.pretty_text)

    def call(coreset, *words, config=('--config', tmp_path / 'config.py'), out=tmp_path / 'out'):
        return run_tool('export', coreset, *config, *words, '--out', out)

    return call


def test_coco_from_the_command_line(export, coco_coreset, tmp_path):
    result = export(coco_coreset, '--format', 'coco', '--num-images', 3)
    assert result.returncode == 0, result.stderr
    assert '3 images written' in result.stdout
    assert 'are not what it selects' not in result.stdout + result.stderr
    assert f"ann_file='{tmp_path}/out/train.json'" in result.stdout
    assert len(json.loads((tmp_path / 'out' / 'train.json').read_text())['images']) == 3


def test_ids_need_no_config(export, coco_coreset, tmp_path):
    for status in (0, 2):  # the second would replace the file
        result = export(coco_coreset, '--format', 'ids', '--num-images', 3, config=(), out=tmp_path / 'ids.txt')
        assert result.returncode == status
    assert (tmp_path / 'ids.txt').read_text().split() == list(Coreset.load(coco_coreset).image_ids[:3])
    assert 'ids.txt exists already' in result.stderr


def test_the_table_is_that_of_a_selection(export, bank, tmp_path):
    bank.save(tmp_path / 'features')
    run_tool('select', '--bank', tmp_path / 'features', '--num-images', 3, '--no-report')
    result = export(tmp_path / 'coreset.json', '--format', 'csv', config=(), out=tmp_path / 'table.csv')
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'table.csv').read_text() == (tmp_path / 'coreset.csv').read_text()


def test_no_config_that_a_coreset_names_is_run(export, coco_coreset, tmp_path):
    """A config is a program, and a coreset file may come from anywhere."""
    (tmp_path / 'evil.py').write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    hostile = tmp_path / 'evil.json'
    replace(Coreset.load(coco_coreset), provenance={'config': f'{tmp_path}/evil.py\x1b[2J'}).save(hostile)
    result = export(hostile, '--format', 'coco', config=())
    assert result.returncode == 2
    assert result.stderr == (
        'error: A coreset is exported with the training config that it was selected with, and it says that it was '
        f'selected with {tmp_path}/evil.py\\x1b[2J; name it with --config, if you trust it.\n'
    )
    assert not (tmp_path / 'ran').exists()
    unnamed = export(coco_coreset, '--format', 'coco', config=())
    assert 'it does not say which; name it with --config' in unnamed.stderr


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--image-mode', 'reference'], 'error: YOLO looks for labels'),
        (['--cfg-options', 'foo'], "error: --cfg-options cannot read 'foo'; write KEY=VALUE"),
    ],
)
def test_mistakes_are_one_sentence(arguments, message, export, coco_coreset, tmp_path):
    result = export(coco_coreset, '--format', 'yolo', *arguments)
    assert result.returncode == 2
    assert result.stderr.strip().splitlines()[-1].startswith(message)
    assert not (tmp_path / 'out').exists()
