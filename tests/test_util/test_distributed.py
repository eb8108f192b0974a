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
from mmcsod.util.distributed import ALONE, joined, telling_of_lost_processes
from mmcsod.util.launcher import RANK, WORLD_SIZE

ROOT = Path(__file__).parents[2]


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


def start(number, command, launcher='pytorch'):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    common = os.environ | {
        'PYTHONPATH': str(ROOT),
        'MASTER_ADDR': '127.0.0.1',
        'MASTER_PORT': str(port),
        WORLD_SIZE[launcher]: str(number),
        'OMP_NUM_THREADS': '1',
    }
    return [
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=common | {RANK[launcher]: str(rank)},
        )
        for rank in range(number)
    ]


def finish(processes, seconds=120):
    try:
        return [(*process.communicate(timeout=seconds), process.returncode) for process in processes]
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize(
    ('number', 'launcher'),
    [
        (2, 'pytorch'),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in ((1, 'pytorch'), (3, 'pytorch'), (5, 'pytorch'), (2, 'slurm'), (2, 'mpi'))
        ),
    ],
)
def test_processes_write_the_coreset_that_one_would(bank, tmp_path, number, launcher):
    command = [
        '-m',
        'mmcsod',
        'select',
        '--bank',
        bank,
        '--launcher',
        launcher,
        '--num-images',
        60,
        20,
        '--out',
        tmp_path / 'coreset.json',
    ]
    done = finish(start(number, command, launcher))
    assert [code for *_, code in done] == [0] * number, done
    expected = select_coreset(FeatureBank.load(bank), num_images=60)
    assert Coreset.load(tmp_path / 'coreset.json') == expected
    assert Coreset.load(tmp_path / 'coreset_csod_20_of_60.json') == expected.prefix(20)
    assert 'lam' in done[0][0]
    assert [out for out, *_ in done[1:]] == [''] * (number - 1)


@pytest.mark.slow
@pytest.mark.parametrize('way', ['SIGKILL', 'SIGSTOP'])
def test_a_lost_process_ends_the_others_with_one_sentence(bank, tmp_path, way):
    worker = Path(__file__).parent / 'lose_a_process.py'
    processes = start(
        3,
        [
            worker,
            way,
            'select',
            '--bank',
            bank,
            '--launcher',
            'pytorch',
            '--num-images',
            400,
            '--out',
            tmp_path / 'coreset.json',
        ],
    )
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
    with joined('none') as group:
        assert group is ALONE
    values = np.arange(3.0)
    assert group.add(values) is values
    assert group.copy_of(values, 0) is values
    assert group.gather(values).tolist() == [[0, 1, 2]]


def test_one_process_needs_no_pytorch():
    code = 'import sys; from mmcsod.util.distributed import joined\nwith joined("none"): print("torch" in sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'False'


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_a_launcher_that_has_started_nothing_is_refused(monkeypatch, launcher):
    for name in ('WORLD_SIZE', 'SLURM_NTASKS', 'OMPI_COMM_WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match='no launcher has started this process'), joined(launcher):
        pass


def test_slurm_on_several_machines_needs_the_first_ones_name(monkeypatch):
    for name, value in {'SLURM_NTASKS': '4', 'SLURM_PROCID': '1', 'SLURM_NNODES': '2'}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv('MASTER_ADDR', raising=False)
    with pytest.raises(UserError, match='MASTER_ADDR is not set'), joined('slurm'):
        pass


def test_torchs_long_messages_become_one_line():
    with (
        pytest.raises(UserError, match=r'its own message says why \(Connection closed\)') as raised,
        telling_of_lost_processes(),
    ):
        raise RuntimeError('Connection closed.\nC++ stack trace\n...')
    assert '\n' not in str(raised.value)
