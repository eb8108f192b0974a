"""Commands as a user starts them, and scripts in a process of their own."""

import io
import logging
import os
import resource
import runpy
import subprocess
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from mmcsod.commands import main

ROOT = Path(__file__).parents[1]


def run_script(script, *arguments, cwd=ROOT, given=None, **environment):
    """Run a Python script, or what `-c` or `-m` name, in a process that may read ``given``; return what came of it."""
    return subprocess.run(
        [sys.executable, *str(script).split(), *map(str, arguments)],
        cwd=cwd,
        input=given,
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', **environment},
    )


def run_tool(name, *arguments, **environment):
    """Run a script of `tools/` in this process; return what came of it. What would be a traceback is raised."""
    words = [str(ROOT / 'tools' / f'{name}.py'), *map(str, arguments)]
    with mock.patch.object(sys, 'argv', words):
        return in_this_process(lambda: runpy.run_path(words[0], run_name='__main__'), words, environment)


def run_command(*words, **environment):
    """Run `mmcsod` with these words in the same way."""
    return in_this_process(lambda: main(list(map(str, words))), words, environment)


def in_this_process(start, words, environment):
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment),
        redirect_stdout(out),
        redirect_stderr(err),
        logger_as_it_was(),
        pytest.raises(SystemExit) as end,
    ):
        start()
    return subprocess.CompletedProcess(words, end.value.code or 0, out.getvalue(), err.getvalue())


@contextmanager
def logger_as_it_was():
    """Leave mmcsod's logger, which a command sets, as it was."""
    logger = logging.getLogger('mmcsod')
    before = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@contextmanager
def open_files(limit):
    """Let this process have so few files open."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def disk_operations(monkeypatch, *names):
    """Note what reaches the disk when: a list to come of (name of the call in `os`, path)."""
    order = []
    for name in names:
        real = getattr(os, name)

        def call(first, *rest, name=name, real=real, **options):
            order.append((name, str(Path(f'/proc/self/fd/{first}').readlink()) if name == 'fsync' else str(first)))
            return real(first, *rest, **options)

        monkeypatch.setattr(os, name, call)
    return order
