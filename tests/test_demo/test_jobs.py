"""Command lines run side by side."""

from __future__ import annotations

import time

import pytest

from mmcsod import UserError
from mmcsod.demo.jobs import Job, run_jobs


def job(tmp_path, code, name='counting', total=3):
    return Job(name, ('-c', code), tmp_path / 'logs' / f'{name}.log', r'step (\d+)', total)


def test_progress_is_the_last_number_that_was_printed(tmp_path):
    counting = job(tmp_path, 'for i in range(4): print("step", i)')
    assert counting.progress() == 0
    run_jobs('counting', [counting])
    assert counting.progress() == 3
    assert counting.log.read_text().splitlines() == ['step 0', 'step 1', 'step 2', 'step 3']


def test_a_failure_names_the_log_and_its_last_line_and_ends_the_others(tmp_path):
    failing = job(tmp_path, 'import sys; print("step 1"); sys.exit("error: the disk is full")', 'failing')
    slow = job(tmp_path, 'import time; time.sleep(60)', 'slow')
    started = time.monotonic()
    with pytest.raises(UserError, match=r'failing failed; .*failing\.log .* error: the disk is full'):
        run_jobs('both', [slow, failing])
    assert time.monotonic() - started < 60


def test_the_line_ends_at_100_percent_even_if_a_job_says_nothing(tmp_path, capsys):
    run_jobs('silent', [job(tmp_path, 'pass')])
    assert '100% |' in capsys.readouterr().err
