"""tools/retrain.py as a user runs it."""

import re
from pathlib import Path

import mmdet
import pytest

from tests.tool import ROOT, run_script, run_tool

TRAIN = Path(mmdet.__file__).parent / '.mim' / 'tools' / 'train.py'


def retrain(*arguments):
    return run_tool('retrain', *arguments)


def test_dry_run_prints_and_writes_nothing(tiny_config, coco_coreset, tmp_path):
    result = retrain(tiny_config, coco_coreset, '--iters', 40, '--dry-run', '--work-dir', tmp_path / 'run')
    assert result.returncode == 0, result.stderr
    assert '~ param_scheduler[1].milestones: [8, 11] -> [27, 37]' in result.stdout
    assert '~ param_scheduler[0].end: 500 -> 8' in result.stdout
    assert 'warm-up        8 iterations, 20% of the run' in result.stdout
    assert not (tmp_path / 'run').exists()


@pytest.mark.slow
def test_mmdets_train_script_runs_the_resolved_config_unchanged(tiny_config, coco_coreset, tmp_path):
    retraining = (tiny_config, coco_coreset, '--iters', 2, '--seed', 0, '--work-dir', tmp_path / 'run')
    result = run_script(ROOT / 'tools/retrain.py', *retraining)  # MMEngine's visualizer is one a process
    assert result.returncode == 0, result.stderr[-2000:]
    assert f'Resolved config: {tmp_path / "run" / "tiny.py"}' in result.stdout
    again = run_script(TRAIN, tmp_path / 'run' / 'tiny.py', '--work-dir', tmp_path / 'again')
    assert again.returncode == 0, again.stderr[-2000:]
    logs = [next((tmp_path / name).glob('*/vis_data/scalars.json')).read_text() for name in ('run', 'again')]
    losses = [re.findall(r'"loss": ([^,]+)', log) for log in logs]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 2


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'Give either a coreset file or --full.'),
        (['--full', '--launcher', 'pytorch'], '--launcher pytorch was given but RANK is not set'),
    ],
)
def test_mistakes_are_one_sentence(arguments, message, tiny_config):
    result = retrain(tiny_config, *arguments, '--dry-run')
    assert result.returncode == 2
    assert message in result.stderr
