import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmcsod import UserError
from mmcsod.experiments import training_run
from mmcsod.experiments.training_run import train_in_process
from mmcsod.util import processes


def run_instead(monkeypatch, path, script):
    """Have a shell script run in place of a training; its $3 is the request."""
    path.write_text(f'#!/bin/sh\n{script}')
    path.chmod(0o755)
    monkeypatch.setattr(sys, 'executable', str(path))


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Have each training leave its number as the result."""
    script = 'echo >> {0}; echo "{{\\"number\\": $(wc -l < {0})}}" > $(dirname $3)/result.json'
    run_instead(monkeypatch, tmp_path / 'training.sh', script.format(tmp_path / 'count'))


def test_a_finished_run_is_reused_only_for_the_same_request(tmp_path, counted):
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
    request = json.loads((tmp_path / 'run' / 'request.json').read_text())
    assert request['options'] == {'seed': 3, 'work_dir': str(tmp_path / 'run')}


def test_a_result_of_a_killed_rerun_is_not_the_old_one(tmp_path, monkeypatch, counted):
    train_in_process(tmp_path, 'a.py', None, {})
    monkeypatch.setattr(sys, 'executable', '/bin/true')
    with pytest.raises(UserError, match=r'result of a run .* cannot be read'):
        train_in_process(tmp_path, 'b.py', None, {})


def test_a_process_that_fails_is_one_sentence_with_its_last_line(tmp_path):
    with pytest.raises(UserError, match=r'failed with status 2 \(error: There is no config nowhere\.py.*log\.txt'):
        train_in_process(tmp_path, 'nowhere.py', None, {})
    assert not (tmp_path / 'result.json').exists()


TRAINING = """cd {}
echo 'INFO - Iter(train) [ 20/250]  lr: 1e-3
INFO - Iter(train) [140/250]  lr: 1e-3
Iter(val) [40/40]'
for look in $(seq 3000); do
    [ -e seen ] && echo '{{"is": "seen"}}' > result.json && exit
    sleep 0.01
done
exit 1
"""


def test_progress_follows_the_log_of_a_running_training(tmp_path, monkeypatch):
    run_instead(monkeypatch, tmp_path / 'training.sh', TRAINING.format(tmp_path))
    monkeypatch.setattr(training_run, 'SECONDS_BETWEEN_LOOKS', 0.01)

    def progress(done):
        if done == 140:
            (tmp_path / 'seen').touch()

    assert train_in_process(tmp_path, 'a.py', None, {}, progress) == {'is': 'seen'}


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


def test_a_process_whose_parent_ended_as_it_started_ends_too(monkeypatch):
    """Its parent's death was over before it could ask to be told."""
    monkeypatch.setenv(processes.PARENT, '1' if os.getpid() != 1 else '2')
    done = subprocess.run([sys.executable, '-c', CHILD], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    child = [sys.executable, '-c', CHILD.replace('time.sleep(60)', '')]
    done = subprocess.run(child, env=processes.child_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, 'ready\n')


def test_edited_annotations_make_another_run(tmp_path, counted):
    (tmp_path / 'data').mkdir()
    annotations = tmp_path / 'data' / 'train.json'
    (tmp_path / 'config.py').write_text(
        f"train_dataloader = dict(dataset=dict(data_root={str(annotations.parent)!r}, ann_file='train.json'))"
    )
    for content, number in (('one', 1), ('one', 1), ('two', 2)):
        annotations.write_text(content)
        assert train_in_process(tmp_path / 'run', str(tmp_path / 'config.py'), None, {})['number'] == number
    request = json.loads((tmp_path / 'run' / 'request.json').read_text())
    del request['annotations_sha256']  # as older versions wrote it
    (tmp_path / 'run' / 'request.json').write_text(json.dumps(request))
    assert train_in_process(tmp_path / 'run', str(tmp_path / 'config.py'), None, {})['number'] == 2
