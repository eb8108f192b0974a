"""docs/train.md shows what a dry run prints."""

import json

import pytest

from mmcsod.records.coreset import Coreset, Pick
from tests.test_docs.pages import ROOT, blocks
from tests.tool import run_tool

CONFIG = 'configs/small/retinanet_mobilenet-v2_fpn_320x256_chess.py'


@pytest.mark.slow
def test_the_page_shows_what_is_printed(tmp_path):
    annotations = json.loads((ROOT / 'data' / 'chess' / 'annotations' / 'train.json').read_text())
    names = [category['name'] for category in annotations['categories'] if '-' in category['name']]
    picks = tuple(Pick(f'train/{image["file_name"]}') for image in annotations['images'][:24])
    coreset = tmp_path / 'coreset.json'
    Coreset(picks=picks, classes=tuple(names), method='csod').save(coreset)
    done = run_tool('retrain', CONFIG, coreset, '--iters', 120, '--dry-run')
    assert done.returncode == 0, done.stderr
    (shown,) = [block for block in blocks('docs/train.md', '') if '--dry-run' in block]
    assert shown.partition('\n')[2] in done.stdout.replace(str(coreset), 'coreset.json')
