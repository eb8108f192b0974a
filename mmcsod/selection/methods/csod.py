"""CSOD's own selection: Algorithm 1, Stage 2, with the scores of Eq. 4."""

from collections.abc import Iterator
from functools import partial

from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import make_states, take_shared_turns
from mmcsod.selection.kernel_trial import KernelTrial
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.kernels.base import KernelFactory
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.util.distributed import ALONE, World


@register_method('csod')
class Csod(Method):
    """Select, class by class in turn, the image with the highest score of Eq. 4 (section 3.5)."""

    uses = ('lam',)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        num_bytes = task.pool.bank.vectors.nbytes // task.world.size
        trial: KernelTrial[KernelFactory] = KernelTrial(task.pool, NumpyKernel, partial(ClassObjective, lam=task.lam))
        kernels = kernel_factory(task.kernel, num_bytes, trial)
        yield from take_shared_turns(task, make_objectives(task.pool, task.lam, kernels, task.world))


@register_method('csod-objectwise')
class CsodObjectwise(Csod):
    """Select as ``csod`` does, on one vector an object (section 4.5)."""

    needs_object_vectors = True


def make_objectives(
    pool: Pool, lam: float, make_kernel: KernelFactory, world: World = ALONE
) -> dict[int, ClassObjective]:
    """Return Eq. 4 for each class that takes turns, nothing selected yet."""
    return make_states(pool, partial(ClassObjective, lam=lam, make_kernel=make_kernel), world)
