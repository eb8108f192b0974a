"""The main job on real photographs, as the commands' own examples do it, with fewer images and iterations."""

import importlib
import json
import math
import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from mmcsod import Coreset, FeatureBank
from tests.tool import run_command, run_script

PROJECT = Path(__file__).parents[1]
FEW_IMAGES = [
    '--cfg-options',
    'train_dataloader.dataset.indices=50',
    'train_dataloader.batch_size=2',
    'val_dataloader.dataset.indices=8',
    'test_dataloader.dataset.indices=8',
    'default_hooks.logger.interval=1',
    'model.test_cfg.rcnn.score_thr=0.0',  # after so few iterations no score may reach the usual threshold
]
ITERATIONS = 3

pytestmark = pytest.mark.slow


def examples(command):
    """The command lines that the help of a command prints, word by word, those for data of one's own left out."""
    text = importlib.import_module(f'mmcsod.commands.{command}').EXAMPLES.replace('\\\n', ' ')
    return [shlex.split(line)[1:] for line in re.findall(r'^  (mmcsod .*)$', text, re.MULTILINE) if 'chess' in line]


def reduced(words):
    """The same command for a few seconds."""
    text = re.sub(r'--iters \d+', f'--iters {ITERATIONS}', ' '.join(words))
    text = re.sub(r'iter_\d+', f'iter_{ITERATIONS}', text)
    return [*text.split(), *(FEW_IMAGES if 'configs/small' in text else [])]


@pytest.fixture
def mmcsod(tmp_path, monkeypatch):
    (tmp_path / 'data').symlink_to(PROJECT / 'data')
    monkeypatch.chdir(tmp_path)

    def call(words, run=run_command):
        done = run(*reduced(words))
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return call


def test_train_select_retrain_export_compare(mmcsod, tmp_path):
    work = tmp_path / 'work_dirs' / 'chess'
    train, retrain = examples('retrain')[:2]
    mmcsod(train)
    said = [mmcsod(words) for words in examples('select')]
    assert 'white-queen' in said[0]
    coreset = Coreset.load(work / 'coreset.json')
    assert len(set(coreset.image_ids)) == 24
    largest = Coreset.load(work / 'coreset_classwise-facility-location_48.json')
    assert Coreset.load(work / 'coreset_classwise-facility-location_12_of_48.json') == largest.prefix(12)
    assert set(coreset.image_ids) <= set(FeatureBank.load(work / 'features').images)
    assert {coreset.classes[pick.label] for pick in coreset.picks} == set(coreset.classes)
    mmcsod(retrain, partial(run_script, '-m mmcsod', cwd=tmp_path))
    check_training(next((tmp_path / 'work_dirs').glob('faster-rcnn*')))
    for words in examples('export'):
        mmcsod(words)
    assert len(list((work / 'yolo').rglob('*.jpg'))) == 24
    assert 'uniform' in mmcsod(examples('analyze')[0])
    assert len(mmcsod(examples('analyze')[1]).splitlines()) == 20
    assert 'csod' in mmcsod(examples('experiment')[0])
    mmcsod(examples('report')[0])
    assert list(work.rglob('*.html'))
    assert 'as they were written' in mmcsod(examples('verify')[0])


def check_training(folder):
    metrics = json.loads((folder / 'result.json').read_text())['metrics']
    assert 0 <= metrics['coco/bbox_mAP_50'] <= 1
    lines = next(folder.glob('*/vis_data/scalars.json')).read_text().splitlines()
    losses = [line for line in lines if 'loss' in line]
    assert len(losses) == ITERATIONS
    assert all(math.isfinite(json.loads(line)['loss']) for line in losses)
