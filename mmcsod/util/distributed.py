"""Several processes at one task, by torch.distributed and the launchers of the field.

A run of one process has a :class:`Group` of its own, in which every exchange gives back what it was given, so that code
is written once. PyTorch is imported only where there are several.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np

from mmcsod.util.errors import UserError
from mmcsod.util.launcher import rank, world_size

SILENCE = timedelta(minutes=15)
"""How long the others wait for a process that lives but says nothing; one that has ended is noticed at once."""


class Group:
    """The processes of a run: here, one.

    Attributes:
        rank: Which of them this is, from 0.
        size: How many there are.
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


ALONE = Group()


class TorchGroup(Group):
    """Processes that exchange arrays through gloo, in main memory.

    Gloo, also where there are GPUs: what is exchanged is a few float64 numbers that the CPU decides on.
    """

    def __init__(self) -> None:
        import torch.distributed

        self._torch: Any = torch
        self._group = torch.distributed.new_group(backend='gloo', timeout=SILENCE)
        self.rank = torch.distributed.get_rank()
        self.size = torch.distributed.get_world_size()

    def add(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`Group.add`."""
        tensor = self._torch.from_numpy(np.array(values))
        with telling_of_lost_processes():
            self._torch.distributed.all_reduce(tensor, group=self._group)
        return tensor.numpy()

    def copy_of(self, values: np.ndarray, rank: int) -> np.ndarray:
        """See :meth:`Group.copy_of`."""
        tensor = self._torch.from_numpy(np.array(values))
        with telling_of_lost_processes():
            self._torch.distributed.broadcast(tensor, rank, group=self._group)
        return tensor.numpy()

    def gather(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`Group.gather`."""
        tensor = self._torch.from_numpy(np.array(values))
        gathered = [self._torch.empty_like(tensor) for _ in range(self.size)]
        with telling_of_lost_processes():
            self._torch.distributed.all_gather(gathered, tensor, group=self._group)
        return np.stack([each.numpy() for each in gathered])


@contextlib.contextmanager
def joined(launcher: str) -> Iterator[Group]:
    """Join the processes that a launcher started, for as long as the block lasts.

    Args:
        launcher: 'none', 'pytorch', 'slurm' or 'mpi'. Where torch.distributed is initialised already, that is used.

    Yields:
        The group of all processes.

    Raises:
        UserError: If the launcher has not started this process, or another process is gone.
    """
    world_size(launcher)
    if launcher == 'none':
        yield ALONE
        return
    import torch.distributed

    with telling_of_lost_processes():
        if not torch.distributed.is_initialized():
            _initialize(launcher)
        group = TorchGroup()
    yield group
    torch.distributed.destroy_process_group()


def _initialize(launcher: str) -> None:
    import torch.distributed

    if 'MASTER_ADDR' not in os.environ and int(os.environ.get('SLURM_NNODES', 1)) > 1:
        raise UserError(
            'The processes run on several machines and MASTER_ADDR is not set; set it to the name of the '
            'first machine, for example $(scontrol show hostname $SLURM_NODELIST | head -n 1).'
        )
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
    torch.distributed.init_process_group('gloo', timeout=SILENCE, rank=rank(launcher), world_size=world_size(launcher))
    if 'LOCAL_RANK' in os.environ and torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))


@contextlib.contextmanager
def telling_of_lost_processes() -> Iterator[None]:
    """Turn torch.distributed's error about a process that is gone into one sentence.

    Raises:
        UserError: If another process has ended or no longer answers.
    """
    try:
        yield
    except RuntimeError as error:  # the base of all that torch.distributed raises
        raise UserError(
            'Another process of this run has ended or no longer answers, so this one ends too and writes '
            f'nothing; its own message says why ({_first_line(error)}).'
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip('.')
