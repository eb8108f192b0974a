"""Locks between processes that share a folder."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')


@contextmanager
def locked(path: Path, wait_for: str | None = None) -> Iterator[bool]:
    """Hold a lock file during the block, and give whether it is held.

    If another process holds it, ``wait_for``, that one's task, is logged and waited for; None does not wait.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        if wait_for is not None:
            logger.info('Another process is at %s; waiting for it.', wait_for)
            lock.acquire()
    except OSError as error:
        raise UserError(
            f'{path.parent} is no folder that can be written to ({error.strerror}); name another --work-dir.'
        ) from error
    try:
        yield lock.is_locked
    finally:
        lock.release()
