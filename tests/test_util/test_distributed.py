"""Processes that select together, started as a launcher would."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, UserError, select_coreset
from mmcsod.util.distributed import ALONE, is_joined, joined, reporting_lost_processes
from mmcsod.util.launcher import LOCAL_RANK, RANK, WORLD_SIZE
from tests.tool import ROOT, run_script


@pytest.fixture(scope='module')
def bank(tmp_path_factory):
    """Rows of 2048 dimensions, 128 of them in a block: one class of four blocks, one of two, one of three rows."""
    rng = np.random.default_rng(0)
    sizes = (450, 130, 3)
    vectors = np.abs(rng.normal(size=(sum(sizes), 2048))).astype(np.float32)
    images = np.concatenate([rng.choice(500, size, replace=False) for size in sizes])
    bank = FeatureBank.from_arrays(vectors, [f'{image:03}' for image in images], np.repeat([0, 1, 2], sizes), 'abc')
    folder = tmp_path_factory.mktemp('run') / 'features'
    bank.save(folder)
    return folder


def free_port():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return str(free.getsockname()[1])


def start(number, command):
    address = {'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port(), 'WORLD_SIZE': str(number)}
    common = os.environ | address | {'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    return [
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=common | {'RANK': str(rank)},
        )
        for rank in range(number)
    ]


def finish(processes, seconds=120):
    try:
        return [(*process.communicate(timeout=seconds), process.returncode) for process in processes]
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize('number', [2, pytest.param(5, marks=pytest.mark.campaign)])
def test_processes_write_the_coreset_that_one_would(bank, tmp_path, number):
    words = f'-m mmcsod select --bank {bank} --method csod --num-images 60 20 --out {tmp_path}/c.json'
    done = finish(start(number, [*words.split(), '--launcher', 'pytorch']))
    assert [code for *_, code in done] == [0] * number, done
    expected = select_coreset(FeatureBank.load(bank), num_images=60, method='csod')
    assert Coreset.load(tmp_path / 'c.json') == expected
    assert Coreset.load(tmp_path / 'c_csod_20_of_60.json') == expected.prefix(20)
    assert 'lam' in done[0][0]
    assert [out for out, *_ in done[1:]] == [''] * (number - 1)


@pytest.mark.campaign
@pytest.mark.parametrize('way', ['SIGKILL', 'SIGSTOP'])
def test_a_lost_process_ends_the_others_with_one_sentence(bank, tmp_path, way):
    worker = Path(__file__).parent / 'lose_a_process.py'
    words = f'{worker} {way} select --bank {bank} --launcher pytorch --num-images 400 --out {tmp_path}/coreset.json'
    processes = start(3, words.split())
    (_, first, code), (_, third, other) = finish([processes[0], processes[2]])
    processes[1].kill()
    processes[1].communicate()
    assert (code, other) == (2, 2), first + third
    for message in (first, third):
        lines = [line for line in message.splitlines() if 'Selecting' not in line]
        assert len(lines) == 1, message
        assert re.match('error: Another process of this run has ended or no longer answers', lines[0])
    assert not list(tmp_path.iterdir())


def test_alone_every_exchange_gives_back_what_it_was_given():
    with joined('none') as world:
        assert world is ALONE
    values = np.arange(3.0)
    assert world.add(values) is values
    assert world.copy_of(values, 0) is values
    assert world.gather(values).tolist() == [[0, 1, 2]]


def test_one_process_needs_no_pytorch():
    code = 'import sys; from mmcsod.util.distributed import joined\nwith joined("none"): print("torch" in sys.modules)'
    assert run_script('-c', code).stdout.strip() == 'False'


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_a_launcher_that_has_started_nothing_is_refused(monkeypatch, launcher):
    for name in ('WORLD_SIZE', 'SLURM_NTASKS', 'OMPI_COMM_WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match='no launcher has started this process'), joined(launcher):
        pass


@pytest.fixture
def launched(monkeypatch):
    """Return a function that makes this process the only one of a launcher, number 3 on its machine."""

    def launch(launcher):
        address = {'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()}
        place = {RANK[launcher]: '0', WORLD_SIZE[launcher]: '1', LOCAL_RANK[launcher]: '3'}
        for name, value in (address | place).items():
            monkeypatch.setenv(name, value)

    return launch


@pytest.mark.parametrize('launcher', RANK)
def test_each_process_of_a_machine_takes_its_own_device(launcher, launched, monkeypatch):
    taken = []
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    monkeypatch.setattr('torch.cuda.set_device', taken.append)
    launched(launcher)
    with joined(launcher):
        assert taken == [1]


def test_a_group_is_left_when_the_block_raises_and_one_that_was_there_stays(launched):
    launched('pytorch')
    with pytest.raises(ZeroDivisionError), joined('pytorch'):
        assert is_joined()
        _ = 1 / 0
    assert not is_joined()
    launched('pytorch')
    with joined('pytorch') as outer:
        with joined('pytorch') as inner:
            assert inner.size == 1
        assert is_joined()
        outer.wait()
    assert not is_joined()


def test_slurm_says_which_machine_is_the_first(tmp_path, launched, monkeypatch):
    launched('slurm')
    (tmp_path / 'scontrol').write_text('#!/bin/sh\n[ "$*" = "show hostnames node[1-2]" ] && echo localhost node2')
    (tmp_path / 'scontrol').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')
    monkeypatch.setenv('SLURM_NODELIST', 'node[1-2]')
    monkeypatch.setenv('SLURM_NNODES', '2')
    monkeypatch.delenv('MASTER_ADDR')
    with joined('slurm'):
        assert os.environ['MASTER_ADDR'] == 'localhost'


ON_FIRST = """
import os
from mmcsod.util.console import run
from mmcsod.util.distributed import joined

def main():
    with joined('pytorch') as world:
        print(world.on_first(lambda: ['rank', world.rank]), end=' ')
        world.wait()
        world.on_first(lambda: {}['x'] if os.environ['FAIL'] == 'any' else open('/nowhere'))

run(main)
"""


@pytest.mark.parametrize(
    ('failure', 'first', 'second'),
    [
        ('any', "KeyError: 'x'", "error: The first process failed with KeyError: 'x'."),
        ('system', 'error: The system refused /nowhere', 'error: The first process failed with FileNotFoundError'),
    ],
)
def test_what_the_first_process_does_reaches_all_failures_included(failure, first, second, monkeypatch):
    monkeypatch.setenv('FAIL', failure)
    done = finish(start(2, ['-c', ON_FIRST]))
    assert [out for out, *_ in done] == ["['rank', 0] "] * 2
    assert first in done[0][1]
    assert second in done[1][1]
    assert done[1][2] == 2


def test_torchs_long_messages_become_one_line():
    with (
        pytest.raises(UserError, match=r'its own message says why \(Connection closed\)') as raised,
        reporting_lost_processes(),
    ):
        raise RuntimeError('Connection closed.\nC++ stack trace\n...')
    assert '\n' not in str(raised.value)
