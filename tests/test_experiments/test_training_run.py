import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmcsod import UserError
from mmcsod.experiments import training_run
from mmcsod.experiments.training_run import train_in_process


@pytest.fixture
def calls(monkeypatch):
    """Count the processes that would be started; each leaves a result."""
    made = []

    def call(work_dir):
        made.append(json.loads((work_dir / 'request.json').read_text()))
        (work_dir / 'result.json').write_text(json.dumps({'number': len(made)}))

    monkeypatch.setattr(training_run, '_call', call)
    return made


def test_a_finished_run_is_reused_only_for_the_same_request(tmp_path, calls):
    coreset = tmp_path / 'coreset.json'
    coreset.write_text('one')

    def train(config='a.py', **options):
        return train_in_process(tmp_path / 'run', config, coreset, options)['number']

    assert [train(), train()] == [1, 1]
    assert train(seed=3) == 2
    assert train(seed=3, config='b.py') == 3
    coreset.write_text('two')
    assert train(seed=3, config='b.py') == 4
    assert train(seed=3, config='b.py') == 4
    assert calls[-1]['options'] == {'seed': 3, 'work_dir': str(tmp_path / 'run')}


def test_a_result_of_a_killed_rerun_is_not_the_old_one(tmp_path, monkeypatch, calls):
    train_in_process(tmp_path, 'a.py', None, {})
    monkeypatch.setattr(training_run, '_call', lambda work_dir: None)
    with pytest.raises(UserError, match=r'result of a run .* cannot be read'):
        train_in_process(tmp_path, 'b.py', None, {})


def test_a_process_that_fails_is_one_sentence_with_its_last_line(tmp_path):
    with pytest.raises(UserError, match=r'failed with status 2 \(error: There is no config nowhere\.py.*log\.txt'):
        train_in_process(tmp_path, 'nowhere.py', None, {})
    assert not (tmp_path / 'result.json').exists()


PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', sys.argv[1]])
print(child.pid, flush=True)
child.wait()
"""
CHILD = """
import time
from mmcsod.experiments.training_run import end_with_parent
end_with_parent()
print('ready', flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != 'linux', reason='is done with prctl')
def test_nothing_trains_on_when_the_experiment_is_killed():
    parent = subprocess.Popen([sys.executable, '-c', PARENT, CHILD], stdout=subprocess.PIPE, text=True)
    child = Path('/proc', parent.stdout.readline().strip())
    assert parent.stdout.readline() == 'ready\n'
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while child.exists() and 'State:\tZ' not in (child / 'status').read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert time.monotonic() < deadline
