from pathlib import Path

import pytest

from mmcsod.experiments.results import read_results
from mmcsod.experiments.spec import load_experiment
from mmcsod.selection.registry import INSTEAD

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / 'results').glob('*.jsonl'))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_every_committed_line_is_a_run_of_a_preset(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    presets = [load_experiment(preset) for preset in (ROOT / 'configs' / 'experiments').glob(f'{path.stem}*.py')]
    results = read_results(path, path.stem)
    assert len(results) == len(path.read_text().splitlines())
    kept = {run for run in results if run.method not in INSTEAD}
    assert kept <= {run for preset in presets for run in preset.runs} or path.stem == 'chess_averaged'
    metrics = {preset.metric for preset in presets}
    assert all(0 <= line['metrics'][metric] <= 1 for line in results.values() for metric in metrics)
