"""The files that `make install` reads, and what it says about a machine that lacks something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def bash(script: str, *words: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, 'PYTHON': sys.executable, **changes}
    command = ['bash', str(ROOT / 'tools' / 'dev' / script), *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def check_machine(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return bash('check_machine.sh', tmp_path / 'venv', **changes)


def fake(tmp_path: Path, name: str, script: str) -> str:
    """Put a command of this name in front of the PATH and return the PATH."""
    command = tmp_path / 'bin' / name
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\n{script}\n')
    command.chmod(0o755)
    return f'{command.parent}:{os.environ["PATH"]}'


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'PYTHON': ''}, 'no python3 was found'),
        ({'PYTHON': 'python-that-is-not-there'}, 'Python 3.10 or newer'),
        ({'CXX': 'compiler-that-is-not-there'}, 'C++17 compiler'),
    ],
)
def test_a_missing_tool_is_named_in_one_sentence(tmp_path, changes, words):
    result = check_machine(tmp_path, **changes)
    assert result.returncode == 1
    assert result.stderr.startswith('error: ')
    assert result.stderr.count('\n') == 1
    assert words in result.stderr
    assert not (tmp_path / 'venv').exists()


def test_a_full_disk_is_named_before_starting(tmp_path):
    path = fake(
        tmp_path,
        'df',
        'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"\n'
        'echo "/dev/sda 100000000 98000000 2000000 98% /"',
    )
    result = check_machine(tmp_path, PATH=path)
    assert result.returncode == 1
    assert re.fullmatch(r'error: \d+ GiB of disk are needed in .* and 1 are free; .*\n', result.stderr)


def test_this_machine_passes(tmp_path):
    result = check_machine(tmp_path)
    assert (result.returncode, result.stderr) == (0, '')


@pytest.mark.parametrize('stack', ['onedl', 'openmmlab'])
def test_every_locked_version_is_exact_and_every_requirement_locked(stack):
    lines = (ROOT / 'requirements' / f'lock-{stack}.txt').read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith('#')]
    loose = [pin for pin in pins if not re.fullmatch(r'[a-z0-9-]+==[\w.]+( *; python_version [<>=]+ "[\d.]+")?', pin)]
    assert not loose
    wanted = {
        re.match(r'[\w-]+', line).group()
        for name in ('runtime', 'optional', 'tests', 'lint', 'docs')
        for line in (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
        if line[:1].isalpha()
    }
    assert wanted <= {pin.split('==')[0] for pin in pins}


def test_an_unknown_stack_is_refused(tmp_path):
    result = bash('install.sh', tmp_path / 'venv', 'mmlab')
    assert result.returncode == 1
    assert "'mmlab'" in result.stderr
    assert not (tmp_path / 'venv').exists()
