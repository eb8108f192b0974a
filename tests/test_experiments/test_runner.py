import io
import sys
import time
from functools import partial

import pytest

from mmcsod import Coreset, FeatureBank
from mmcsod.experiments.results import read_results
from mmcsod.experiments.runner import _bar
from mmcsod.experiments.spec import FULL_SET, load_experiment
from tests.tool import run_tool

EXPERIMENT = """
detectors = {'tiny': DETECTOR}
selector = dict(detector='tiny', iters=2)
metric = 'coco/bbox_mAP_50'
iters = 2
grid = [dict(methods=['full-set']), dict(methods=['csod', 'uniform'], num_images=[3])]
"""
call = partial(run_tool, 'experiment')


def test_a_bar_in_a_file_is_written_at_its_ends(monkeypatch):
    monkeypatch.setattr(sys, 'stderr', file := io.StringIO())
    with _bar('an experiment', 50) as bar:
        for _ in range(50):
            time.sleep(0.01)
            bar.update()
    assert file.getvalue().count('an experiment') == 2


@pytest.fixture
def experiment_file(tmp_path, detector_config):
    path = tmp_path / 'trial.py'
    path.write_text(EXPERIMENT.replace('DETECTOR', repr(str(detector_config))))
    return path


@pytest.mark.slow
def test_a_grid_selects_trains_resumes_and_reports(tmp_path, experiment_file):
    options = [experiment_file, '--work-dir', tmp_path / 'work', '--results', tmp_path / 'results.jsonl']
    first = call(*options, '--shard', '1/3')  # the full set alone, which is the selector's own training
    assert first.returncode == 0, first.stdout + first.stderr
    experiment = load_experiment(experiment_file)
    results = read_results(tmp_path / 'results.jsonl', 'trial')
    assert [run.method for run in results] == [FULL_SET]
    assert (tmp_path / 'work/runs/tiny_2i_full-set_seed0/iter_2.pth').exists()

    rest = call(*options)
    assert rest.returncode == 0, rest.stdout + rest.stderr
    results = read_results(tmp_path / 'results.jsonl', 'trial')
    assert set(results) == set(experiment.runs)
    csod_run, csod = next((run, line) for run, line in results.items() if run.method == 'csod')
    assert csod['images'] == 3
    assert 0 <= csod['metrics']['coco/bbox_mAP_50'] <= 1
    coreset = Coreset.load(tmp_path / f'work/coresets/{csod_run.coreset_name}.json')
    assert coreset.parameters['lam_rule'] == 'coverage'
    assert csod['lam_used'] == coreset.parameters['lam']
    bank = FeatureBank.load(tmp_path / 'work/features_auto')
    assert csod['objects'] == bank.object_counts[bank.mask(coreset.image_ids)].sum() >= 3
    assert [path.parent.name for path in tmp_path.glob('work/runs/*/*.pth')] == ['tiny_2i_full-set_seed0']

    before = (tmp_path / 'results.jsonl').read_bytes()
    again = call(*options)
    assert again.returncode == 0
    assert (tmp_path / 'results.jsonl').read_bytes() == before

    (tmp_path / 'results.jsonl').write_bytes(before[: before.rstrip().rfind(b'\n') + 1])
    goes_on = call(*options)  # with a bank that is there already
    assert goes_on.returncode == 0, goes_on.stderr
    assert set(read_results(tmp_path / 'results.jsonl', 'trial')) == set(experiment.runs)

    report = call(*options, '--table', '--figure', tmp_path / 'figure.png')
    assert report.returncode == 0, report.stderr
    assert 'trial: 3 of 3 runs done.' in report.stdout
    leaks = 'validation images have a near-duplicate in the pool'
    assert leaks in rest.stdout
    assert leaks in report.stdout
    assert (tmp_path / 'figure.png').stat().st_size > 1000


@pytest.mark.campaign
def test_a_detector_that_finds_nothing_counts_as_zero(tmp_path, experiment_file):
    with experiment_file.open('a') as file:
        file.write("grid = [dict(methods=['full-set'])]")
    nothing = ['--cfg-options', 'cfg_options.model.test_cfg.rcnn.score_thr=2']
    done = call(experiment_file, '--work-dir', tmp_path / 'work', '--results', tmp_path / 'results.jsonl', *nothing)
    assert done.returncode == 0, done.stderr
    assert 'found nothing' in done.stdout + done.stderr
    (line,) = read_results(tmp_path / 'results.jsonl', 'trial').values()
    assert line['metrics'] == {'coco/bbox_mAP_50': 0.0}


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['no_such_file.py'], 'There is no config no_such_file.py'),
        (['no_such_file.py', '--shard', '3/2'], "--shard is '3/2'"),
    ],
)
def test_bad_arguments_are_one_sentence(arguments, message):
    outcome = call(*arguments)
    assert outcome.returncode == 2
    assert message in outcome.stderr
