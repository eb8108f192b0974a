"""What the command lines share."""

import logging
import os
import signal
import subprocess
import sys

import pytest

from mmcsod.commands import main
from mmcsod.util.console import TRACEBACK, run
from mmcsod.util.launcher import RANK, rank
from tests.tool import logger_as_it_was, run_script


@pytest.fixture
def logger():
    """Give mmcsod's logger, and leave it as it was."""
    with logger_as_it_was():
        yield logging.getLogger('mmcsod')


@pytest.mark.parametrize(('launcher', 'name'), RANK.items())
def test_only_the_first_process_of_a_launcher_logs_its_progress(launcher, name, logger, monkeypatch):
    for number, level in ((0, logging.INFO), (1, logging.WARNING)):
        monkeypatch.setenv(name, str(number))
        with pytest.raises(SystemExit):
            main(['retrain', 'nowhere.py', '--full', '--launcher', launcher])
        assert logger.level == level


def test_a_rank_left_in_the_environment_silences_nobody(logger, monkeypatch):
    monkeypatch.setenv('RANK', '1')
    assert rank('none') == 0
    with pytest.raises(SystemExit):
        main(['retrain', 'nowhere.py', '--full'])
    assert logger.level == logging.INFO


RUN = """from mmcsod.util.console import run
def main():
    {}
run(main)
"""


def python(body):
    return run_script('-c', RUN.format(body))


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ("open('/nowhere/file')", 'error: The system refused /nowhere/file: No such file or directory.'),
        ('raise MemoryError', 'error: There is not enough memory.'),
        (r"raise __import__('mmcsod').UserError('\x1b[2J\ud800')", r'error: \x1b[2J\ud800'),
        (
            r"raise __import__('mmcsod').UserError('images/a\nb.png is not there.')",
            'error: images/a b.png is not there.',
        ),
    ],
)
def test_what_the_system_refuses_is_one_sentence(body, message):
    result = python(body)
    assert (result.returncode, result.stderr) == (2, message + '\n')


def test_two_interrupts_end_without_a_traceback():
    """The second one comes while the first is told, or while the interpreter ends."""
    body = (
        'import atexit, os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); '  # nohup has none
        'atexit.register(os.kill, os.getpid(), signal.SIGINT); '
        'os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(9)'
    )
    result = python(body)
    assert (result.returncode, result.stderr) == (130, 'interrupted\n')


@pytest.mark.parametrize('work', ['', "; raise __import__('mmcsod').UserError('no.')"])
def test_a_reader_that_leaves_costs_nothing_but_the_output(work, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    code = (
        'import logging\nfrom pathlib import Path\nfrom mmcsod.util.console import run\n'
        f"def main():\n    logging.getLogger('mmcsod').info('x'); Path('done').touch(); print('x' * 100_000){work}\n"
        'run(main)'
    )
    result = subprocess.run(
        [sys.executable, '-c', code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path
    )
    os.close(writer)
    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, '')
    assert (tmp_path / 'done').exists()


@pytest.mark.parametrize(
    ('output', 'status', 'said'),
    [('&-', 0, ''), ('/dev/full', 2, 'error: The system refused the output: No space left on device.\n')],
    ids=['closed', 'full'],
)
def test_an_output_that_takes_nothing(output, status, said):
    code = "import logging; logging.getLogger('mmcsod').info('x'); print('x')" if output == '&-' else "print('x')"
    command = ['sh', '-c', f'exec "$@" >{output}', 'sh', sys.executable, '-c', RUN.format(code)]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert (result.returncode, result.stderr) == (status, said)


@pytest.mark.parametrize('words', [['--traceback', 'verify', '/nowhere'], ['verify', '/nowhere', '--traceback'], None])
def test_a_traceback_is_shown_on_request(words, logger, capsys, monkeypatch):
    monkeypatch.setenv(TRACEBACK, '' if words else '1')  # restored afterwards
    with pytest.raises(SystemExit):
        main(words or ['verify', '/nowhere'])
    shown = capsys.readouterr().err
    assert shown.startswith('Traceback')
    assert 'FileNotFoundError' in shown
    assert shown.splitlines()[-1].startswith('error: ')


@pytest.mark.usefixtures('logger')
def test_a_group_that_mmengine_leaves_is_left_at_the_end(tmp_path):
    import torch.distributed

    def work():
        torch.distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)

    with pytest.raises(SystemExit) as left:
        run(work)
    assert not left.value.code
    assert not torch.distributed.is_initialized()
