"""The paper's random selections that draw class by class (section 4.3)."""

from __future__ import annotations

from collections.abc import Iterator

from mmcsod.coreset import Pick
from mmcsod.selection.methods import Task, register_method


@register_method('uniform', parameters=('seed',))
def uniform(task: Task) -> Iterator[Pick]:
    """Draw one image a class in turn, no image twice: the paper's "Random" (section 4.2)."""
    for label in task.rotation:
        yield task.take(int(task.rng.choice(task.rotation.candidates(label))), label)
