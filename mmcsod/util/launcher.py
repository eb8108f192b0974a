"""The environment variables by which torchrun, slurm and mpi number the processes that they start."""

import os
from collections.abc import Mapping

from mmcsod.util.errors import UserError

RANK = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}
LOCAL_RANK = {'pytorch': 'LOCAL_RANK', 'slurm': 'SLURM_LOCALID', 'mpi': 'OMPI_COMM_WORLD_LOCAL_RANK'}
WORLD_SIZE = {'pytorch': 'WORLD_SIZE', 'slurm': 'SLURM_NTASKS', 'mpi': 'OMPI_COMM_WORLD_SIZE'}

LAUNCHERS = ('none', *RANK)


def rank(launcher: str) -> int:
    """Return the rank that a launcher gave this process: 'none', 'pytorch', 'slurm' or 'mpi'.

    Without one it is 0, whatever the environment says: a variable left over must not silence the only process.

    Raises:
        UserError: If no launcher has started this process.
    """
    return 0 if launcher == 'none' else _number(launcher, RANK)


def local_rank(launcher: str) -> int:
    """Return the number of this process among those on its machine, for the launchers of :func:`rank`."""
    return 0 if launcher == 'none' else int(os.environ.get(LOCAL_RANK[launcher], 0))


def world_size(launcher: str) -> int:
    """Return how many processes a launcher started; see :func:`rank`."""
    return 1 if launcher == 'none' else _number(launcher, WORLD_SIZE)


def _number(launcher: str, variables: Mapping[str, str]) -> int:
    variable = variables[launcher]
    if variable not in os.environ:
        raise UserError(
            f'--launcher {launcher} was given but {variable} is not set, so no launcher has started this '
            'process; start it with torchrun, srun or mpirun, or leave --launcher out.'
        )
    return int(os.environ[variable])
