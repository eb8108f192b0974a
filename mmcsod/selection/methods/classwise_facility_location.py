"""Facility location on the vectors that CSOD selects on: every row of a class should have a selected one like it."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from mmcsod.records.coreset import Pick
from mmcsod.selection.allowance import Allowance
from mmcsod.selection.by_row import make_states, take_shared_turns
from mmcsod.selection.facility_rows import FacilityLocation
from mmcsod.selection.kernel_trial import KernelTrial
from mmcsod.selection.kernels import similarities_factory
from mmcsod.selection.kernels.similarities import NumpySimilarities, SimilaritiesFactory
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.selection.unit_rows import UnitRows

logger = logging.getLogger('mmcsod')

MAX_COVERED = 70_000
"""Above COCO's largest class: people are in 64,115 images of train2017."""


@register_method('classwise-facility-location')
@dataclass(frozen=True)
class ClasswiseFacilityLocation(Method):
    """Maximise f(A) = sum over i of max over j in A of cos(p_i, p_j) on the class's rows, a class in turn.

    Reference [14] (Iyer et al., ALT 2021) gives this function beside graph cut; ``facility-location`` is the same on
    image-level vectors, as section 4.2 has it.

    Attributes:
        max_covered: Rows of a class that the sum is over, at most. Of a larger class it is over every k-th row, with
            the smallest k that will do; any row may be selected all the same.
    """

    turns = 'proportional'

    max_covered: Annotated[int, Meta(ge=1)] = MAX_COVERED

    def num_similarities(self, pool: Pool) -> int:
        """See :meth:`Method.num_similarities`."""
        return sum(number * -(-number // step) for _, number, step in self._classes(pool))

    def warnings(self, pool: Pool) -> Iterator[str]:
        """See :meth:`Method.warnings`; name the classes of which not every row is covered."""
        for name, number, step in self._classes(pool):
            if step > 1:
                yield (
                    f"Class '{name}' has {number} vectors: those to cover are one in {step}, {-(-number // step)} in "
                    'all, while each of its images may be selected (--method-options max_covered=N).'
                )

    def _classes(self, pool: Pool) -> Iterator[tuple[str, int, int]]:
        """Yield the name of each class, how many of its rows take part, and one in how many is to cover."""
        for label in pool.labels:
            number = int(np.count_nonzero(pool.eligible[pool.rows_of_class(label)]))
            yield pool.bank.classes[label], number, one_in(number, self.max_covered)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        allowance = Allowance(task.memory)
        trial: KernelTrial[SimilaritiesFactory] = KernelTrial(task.pool, NumpySimilarities, FacilityLocation)
        similarities = similarities_factory(task.kernel, task.pool.bank.vectors.nbytes, trial)

        def of_class(units: UnitRows, eligible: np.ndarray) -> FacilityLocation:
            step = one_in(int(np.count_nonzero(eligible)), self.max_covered)
            return FacilityLocation(units, eligible, similarities, allowance, task.world, step)

        try:
            yield from take_shared_turns(task, make_states(task.pool, of_class))
        finally:
            logger.info('%s', allowance)


def one_in(number: int, most: int) -> int:
    """Return the smallest k of which every k-th of so many rows are at most ``most``."""
    return max(1, -(-number // most))
