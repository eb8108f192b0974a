"""Join a distributed run, and do in its first process what only one may do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from mmengine.dist import barrier, broadcast_object_list, get_dist_info, init_dist

from mmcsod.util.distributed import reporting_lost_processes
from mmcsod.util.errors import UserError
from mmcsod.util.launcher import world_size

T = TypeVar('T')


def init_launcher(launcher: str, dist_cfg: Mapping[str, Any]) -> None:
    """Join the processes that ``launcher`` started: 'none', 'pytorch', 'slurm' or 'mpi', as MMDetection's tools do.

    MMEngine's own initialisation selects a CUDA device; where there is none, processes talk through gloo.

    Raises:
        UserError: If the launcher has not started this process.
    """
    world_size(launcher)
    if launcher == 'none':
        return
    if launcher == 'pytorch' and not torch.cuda.is_available():
        torch.distributed.init_process_group('gloo')
        return
    os.environ.setdefault('LOCAL_RANK', '0')
    init_dist(launcher, **dist_cfg)


def wait_for_all() -> None:
    """Wait until every process has come here.

    Raises:
        UserError: If another process is gone.
    """
    with reporting_lost_processes():
        barrier()


def on_first_process(action: Callable[[], T]) -> T:
    """Do something in the first process only, and give all of them its result.

    Raises:
        UserError: In the others, whatever the action raised; the first process raises that itself. Also if another
            process is gone.
    """
    outcome: list[Any] = [None, None]
    failure = None
    if get_dist_info()[0] == 0:
        try:
            outcome[0] = action()
        except Exception as error:  # the others wait for the outcome, whatever it is
            failure = error
            outcome[1] = (
                str(error)
                if isinstance(error, UserError)
                else (f'The first process failed with {type(error).__name__}: {error}.')
            )
    with reporting_lost_processes():
        broadcast_object_list(outcome, src=0)
    if failure is not None:
        raise failure
    if outcome[1] is not None:
        raise UserError(outcome[1])
    return outcome[0]
