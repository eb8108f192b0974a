"""Turns that processes take which share an experiment's work dir."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger('mmcsod')


@contextmanager
def free_lock(path: Path) -> Iterator[bool]:
    """Hold a lock file during the block if no other process does; gives whether it is held."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def waiting_lock(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file during the block, after waiting for another process that is at ``what``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.info('Another process is at %s; waiting for it.', what)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
