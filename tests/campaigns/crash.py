"""Kill a job before each of its operations on files, one kill a run, and see what the next run makes of it."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import sys
from dataclasses import dataclass, field

CHANGES = {'os.rename', 'os.remove', 'os.mkdir', 'os.rmdir', 'os.symlink', 'os.link', 'os.chmod', 'os.truncate'}

TEMPORARY = re.compile(r'/\.[^/]*\.tmp-')
"""A path that a killed process was writing to; it stays, hidden."""

LONGEST = 1200
"""Seconds that a run may take; one that hangs has failed."""


@dataclass
class Job:
    """Something that writes files.

    Attributes:
        name: What the figures call it.
        prepare: Puts into an empty folder what the job starts from.
        run: Does it there; its second argument says whether it is the run after one that was killed.
        results: Patterns of what others read below the folder: each file or bank must at all times be as before the
            job or as after it. Hidden files are nobody's.
        same_text: Whether those must be the same bytes after every run; else the same names are enough.
    """

    name: str
    prepare: object
    run: object
    results: tuple = ()
    same_text: bool = True


@dataclass
class Outcome:
    """What a campaign found."""

    name: str
    tried: int = 0
    failures: list = field(default_factory=list)


def kill_everywhere(job, folder, at_most=None):
    """Kill ``job`` before each of its operations, or before some of them, evenly spread, and run it again each time."""
    folder = folder / 'work'
    before = _read(job, _fresh(job, folder))
    number = in_own_process(lambda: job.run(folder, False))
    assert number > 0, f'{job.name} fails without a kill, or writes nothing'
    after = _read(job, folder)
    assert in_own_process(lambda: job.run(folder, True)) >= 0, f'{job.name} fails after a run without a kill'
    last, names = _read(job, folder), _names(folder)
    points = range(1, number + 1)
    if at_most is not None and at_most < number:
        points = [1 + (2 * index + 1) * number // (2 * at_most) for index in range(at_most)]
    outcome = Outcome(f'{job.name}, {number} operations')
    for point in points:
        outcome.tried += 1
        for failure in _kill_once(job, _fresh(job, folder), point, (before, after), (last, names)):
            outcome.failures.append(f'{job.name}, kill before operation {point} of {number}: {failure}')
    return outcome


def _kill_once(job, folder, point, allowed, wanted):
    last, names = wanted
    in_own_process(lambda: job.run(folder, False), kill_at=point)
    found = _read(job, folder)
    for name, digest in found.items():
        if digest not in [results.get(name) for results in allowed]:
            yield f'{name} is neither as before nor as after'
    if in_own_process(lambda: job.run(folder, True)) < 0:
        yield 'the next run fails'
    elif _names(folder) != names:
        yield f'the next run leaves other files: {sorted(_names(folder) ^ names)}'
    elif _read(job, folder) != last:
        yield 'the next run has another result'


def _fresh(job, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    job.prepare(folder)
    return folder


def _read(job, folder):
    found = [path for pattern in job.results for path in folder.glob(pattern) if not path.name.startswith('.')]
    return {str(path.relative_to(folder)): _digest(path, job.same_text) for path in found}


def _digest(path, same_text):
    files = sorted(path.rglob('*')) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(path)).encode())
        if file.is_file() and same_text:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob('*') if not TEMPORARY.search(str(path))}


def in_own_process(action, kill_at=None):
    """Do something in a process of its own; return how many operations it took, or -1 if it failed.

    The process that calls this may have imported PyTorch, and must not have used it: threads do not survive a fork.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            counted = pipe.read()
        os.waitpid(pid, 0)
        return int(counted or -1)
    status = '-1'
    with contextlib.suppress(BaseException):
        _silence()
        signal.alarm(LONGEST)
        count = _watch(kill_at)
        action()
        status = str(count())
    os.write(writer, status.encode())
    os.kill(os.getpid(), signal.SIGKILL)  # nothing of the tests' own may run on the way out
    return None


def _silence():
    nothing = os.open(os.devnull, os.O_WRONLY)
    if not os.environ.get('CAMPAIGN_DEBUG'):
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)


def _watch(kill_at):
    """Count this process's operations on files, and kill it before one of them."""
    count = 0

    def step():
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, args):
        if event in CHANGES or (
            event == 'open'
            and isinstance(args[2], int)
            and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            and str(args[0]).startswith('/tmp')
        ):
            step()

    sync = os.fsync
    os.fsync = lambda descriptor: (step(), sync(descriptor))[1]
    sys.addaudithook(hook)
    return lambda: count
