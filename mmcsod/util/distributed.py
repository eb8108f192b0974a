"""Everything of torch.distributed: joining the processes that a launcher started, and their exchanges.

One process alone is a :class:`World`, too, in which every exchange returns its input, so that code is written once.
PyTorch is imported only if there are several.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mmcsod.util.errors import UserError
from mmcsod.util.launcher import local_rank, rank, world_size

if TYPE_CHECKING:
    import numpy as np

T = TypeVar('T')

SILENCE = timedelta(minutes=15)
"""How long to wait for an unresponsive peer; one that has ended is noticed at once."""

PATIENCE = timedelta(days=1)
"""The same where peers may be done with their share of the work much later."""


class World:
    """The processes of a run: here, one.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
    """

    rank = 0
    size = 1

    def add(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over all processes of an array of one shape, float64.

        Exact where at most one process gives anything but 0; otherwise the last bits depend on the number of processes.
        """
        return values

    def copy_of(self, values: np.ndarray, rank: int) -> np.ndarray:
        """Return what the process ``rank`` gives; the others give an array of the same shape and dtype."""
        return values

    def gather(self, values: np.ndarray) -> np.ndarray:
        """Return (size, ...) what each process gives, arrays of one shape and dtype."""
        return values[None]

    def wait(self) -> None:
        """Wait until every process has come here."""

    def on_first(self, action: Callable[[], T]) -> T:
        """Do something in the first process only, and return its result in all."""
        return action()


ALONE = World()


class TorchWorld(World):
    """Processes that exchange arrays through gloo, in main memory.

    Gloo, also where there are GPUs: what is exchanged is a few float64 numbers that the CPU decides on.
    """

    def __init__(self, silence: timedelta) -> None:
        import torch.distributed

        self._torch: Any = torch
        self._group = torch.distributed.new_group(backend='gloo', timeout=silence)
        self.rank = torch.distributed.get_rank()
        self.size = torch.distributed.get_world_size()

    def add(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`World.add`."""
        tensor = self._torch.from_numpy(values.copy())
        with reporting_lost_processes():
            self._torch.distributed.all_reduce(tensor, group=self._group)
        return tensor.numpy()

    def copy_of(self, values: np.ndarray, rank: int) -> np.ndarray:
        """See :meth:`World.copy_of`."""
        tensor = self._torch.from_numpy(values.copy())
        with reporting_lost_processes():
            self._torch.distributed.broadcast(tensor, rank, group=self._group)
        return tensor.numpy()

    def gather(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`World.gather`."""
        tensor = self._torch.from_numpy(values.copy())
        gathered = [self._torch.empty_like(tensor) for _ in range(self.size)]
        with reporting_lost_processes():
            self._torch.distributed.all_gather(gathered, tensor, group=self._group)
        return self._torch.stack(gathered).numpy()

    def wait(self) -> None:
        """See :meth:`World.wait`."""
        with reporting_lost_processes():
            self._torch.distributed.barrier(group=self._group)

    def on_first(self, action: Callable[[], T]) -> T:
        """See :meth:`World.on_first`."""
        outcome: list[Any] = [None, None]  # the result, and what a failure says
        if self.rank != 0:
            self._share(outcome)
            if outcome[1] is not None:
                raise UserError(outcome[1])
            return outcome[0]
        try:
            outcome[0] = action()
        except Exception as error:  # the others wait for the outcome, whatever it is
            name = type(error).__name__
            said = str(error) if isinstance(error, UserError) else f'The first process failed with {name}: {error}.'
            self._share([None, said])
            raise
        self._share(outcome)
        return outcome[0]

    def _share(self, outcome: list[Any]) -> None:
        with reporting_lost_processes():
            self._torch.distributed.broadcast_object_list(outcome, src=0, group=self._group)


@contextlib.contextmanager
def joined(launcher: str) -> Iterator[World]:
    """Join the processes that a launcher started, for as long as the block lasts, and give them.

    Each process uses the CUDA device of its number on its machine. A process group that was there before stays.
    """
    world_size(launcher)
    leaves = not is_joined()
    try:
        if launcher != 'none' and leaves:
            _join(launcher)
        yield current_world(SILENCE)
    finally:
        if leaves:
            leave()


def current_world(silence: timedelta) -> World:
    """Return the processes that have joined; all of them must call this at the same point.

    ``silence`` is how long to wait for an unresponsive peer, or one whose share of the work takes longer.
    """
    if not is_joined():
        return ALONE
    with reporting_lost_processes():
        return TorchWorld(silence)


def is_joined() -> bool:
    """Return whether this process is one of several that have joined; PyTorch is not imported for it."""
    torch = sys.modules.get('torch')
    return torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized()


def is_first() -> bool:
    """Return whether this process is the first, or the only one."""
    return not is_joined() or sys.modules['torch'].distributed.get_rank() == 0


def leave() -> None:
    """Leave the process group that this process is in, if any."""
    if is_joined():
        sys.modules['torch'].distributed.destroy_process_group()


def _join(launcher: str) -> None:
    import torch.distributed

    if 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_machine()
    os.environ.setdefault('MASTER_PORT', '29500')
    with reporting_lost_processes():
        torch.distributed.init_process_group(
            'gloo', timeout=SILENCE, rank=rank(launcher), world_size=world_size(launcher)
        )
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank(launcher) % torch.cuda.device_count())


def _first_machine() -> str:
    """Return where the first process runs: on this machine, unless slurm started processes on several."""
    if int(os.environ.get('SLURM_NNODES', 1)) == 1:
        return '127.0.0.1'
    command = ['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]


@contextlib.contextmanager
def reporting_lost_processes() -> Iterator[None]:
    """Turn an error of torch.distributed about a process that is gone into one sentence."""
    try:
        yield
    except RuntimeError as error:  # the base of all that torch.distributed raises
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')
        raise UserError(
            'Another process of this run has ended or no longer answers, so this one ends too and writes '
            f'nothing; its own message says why ({said}).'
        ) from error
