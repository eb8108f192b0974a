"""The main job on real photographs, reduced: train, select, retrain and evaluate by the command lines alone."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmcsod import Coreset, FeatureBank

PROJECT = Path(__file__).parents[1]
CONFIG = 'configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py'
FEW_IMAGES = ['--cfg-options', 'train_dataloader.dataset.indices=60', 'val_dataloader.dataset.indices=8',
              'test_dataloader.dataset.indices=8', 'default_hooks.logger.interval=1']

pytestmark = pytest.mark.slow


def tool(name, *words):
    done = subprocess.run([sys.executable, f'tools/{name}.py', *map(str, words), *FEW_IMAGES], cwd=PROJECT, text=True,
                          capture_output=True, env=os.environ | {'PYTHONPATH': str(PROJECT)}, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_train_select_retrain_evaluate(tmp_path):
    full, work, small = tmp_path / 'full', tmp_path / 'work', tmp_path / 'small'
    tool('retrain', CONFIG, '--full', '--iters', 3, '--seed', 0, '--work-dir', full)
    said = tool('select', CONFIG, full / 'iter_3.pth', '--num-images', 12, '--work-dir', work)
    assert 'white-queen' in said
    coreset = Coreset.load(work / 'coreset.json')
    assert len(set(coreset.image_ids)) == 12
    assert set(coreset.image_ids) <= set(FeatureBank.load(work / 'features').images)
    assert {coreset.classes[pick.label] for pick in coreset.picks} == set(coreset.classes)
    tool('retrain', CONFIG, work / 'coreset.json', '--iters', 3, '--seed', 0, '--work-dir', small)
    metrics = json.loads((small / 'result.json').read_text())
    assert 0 <= metrics['metrics']['coco/bbox_mAP_50'] <= 1
    losses = [line for line in (next(small.glob('*/vis_data/scalars.json'))).read_text().splitlines() if 'loss' in line]
    assert all(math.isfinite(json.loads(line)['loss']) for line in losses)
