"""Threads that exchange arrays as the processes of a run do: as many as are wanted, at once and in one process."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmcsod.util.distributed import World


class ThreadWorld(World):
    def __init__(self, rank, slots, barrier):
        self.rank, self.size = rank, len(slots)
        self._slots, self._barrier = slots, barrier

    def gather(self, values):
        self._slots[self.rank] = np.array(values)
        self._barrier.wait(60)
        gathered = np.stack(self._slots)
        self._barrier.wait(60)
        return gathered

    def add(self, values):
        return self.gather(values).sum(axis=0)

    def copy_of(self, values, rank):
        return self.gather(values)[rank]


def run_together(number, work):
    """Return what ``work(world)`` gives in each of some threads that share it."""
    slots, barrier = [None] * number, threading.Barrier(number)

    def run(rank):
        try:
            return work(ThreadWorld(rank, slots, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(number) as threads:
        futures = [threads.submit(run, rank) for rank in range(number)]
    errors = [future.exception() for future in futures if future.exception() is not None]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):  # which the others have because of it
            raise error
    return [future.result() for future in futures]
