"""Command lines run side by side, one progress line for all of them, their output in log files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from mmcsod.util.errors import UserError
from mmcsod.util.processes import FAST_MALLOC

_SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True)
class Job:
    """One command line of this project.

    Attributes:
        name: What it is called in messages and in the name of its log.
        arguments: The module or script and its arguments, run by this Python.
        log: File for all that it prints.
        pattern: Finds the progress in what it printed: the last match's first group.
        total: What that group shows at the end.
    """

    name: str
    arguments: tuple[str, ...]
    log: Path
    pattern: str
    total: int

    def progress(self) -> int:
        """Return how far the job is, in 0..``total``."""
        text = self.log.read_text(encoding='utf-8', errors='replace') if self.log.exists() else ''
        found = re.findall(self.pattern, text)
        return min(int(found[-1]), self.total) if found else 0

    def start(self, threads: int) -> subprocess.Popen[bytes]:
        """Start the command with so many threads."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open('wb') as log:
            return subprocess.Popen(
                [sys.executable, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(threads),
            )

    def failure(self) -> UserError:
        """Return the error that tells a user where to look."""
        lines = self.log.read_text(encoding='utf-8', errors='replace').strip().splitlines() or ['(nothing printed)']
        return UserError(f'{self.name} failed; {self.log} tells all, and ends with: {lines[-1].strip()}')


def run_jobs(title: str, jobs: Sequence[Job]) -> float:
    """Run the jobs, as many at a time as there are cores, and show one line of progress.

    Args:
        title: What the progress line says.
        jobs: What to run; the cores are divided among those that run at a time.

    Returns:
        The seconds it took.

    Raises:
        UserError: If one fails; the others are ended then.
    """
    cores = len(os.sched_getaffinity(0))
    slots = min(cores, len(jobs))
    waiting, running, started = list(jobs), dict[Job, subprocess.Popen[bytes]](), time.perf_counter()
    total = sum(job.total for job in jobs)
    with _bar(title, total) as bar:
        try:
            while waiting or running:
                while waiting and len(running) < slots:
                    job = waiting.pop(0)
                    running[job] = job.start(cores // slots)
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                running = {job: process for job, process in running.items() if not _has_ended(job, process)}
                bar.update(sum(job.progress() for job in jobs) - bar.n)
            bar.update(total - bar.n)
        finally:
            for process in running.values():
                process.terminate()
                process.wait()
    return time.perf_counter() - started


def _has_ended(job: Job, process: subprocess.Popen[bytes]) -> bool:
    if process.poll():
        raise job.failure()
    return process.returncode is not None


def _bar(title: str, total: int) -> tqdm:
    return tqdm(
        desc=title,
        total=total,
        mininterval=0.5 if sys.stderr.isatty() else 15,
        bar_format='{desc:<38}{percentage:3.0f}% |{bar:24}| {elapsed} passed, {remaining} left',
    )


def _environment(threads: int) -> dict[str, str]:
    return {
        **os.environ,
        **FAST_MALLOC,
        'OMP_NUM_THREADS': str(threads),
        'CUDA_VISIBLE_DEVICES': '-1',  # the same numbers with and without a card
    }
