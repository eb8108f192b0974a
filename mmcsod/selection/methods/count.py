"""Uniform draws with a given number of objects: "# 700-1100" and "# 1-1.1k" of section 4.3."""

from collections.abc import Iterator
from dataclasses import dataclass

from mmcsod.records.coreset import Pick
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.util.errors import UserError

MAX_PROPOSALS = 200
"""Exchanges proposed for each image of the draw before it is given up."""


@register_method('count')
@dataclass(frozen=True)
class Count(Method):
    """Draw as ``uniform`` does, with ``low`` to ``high`` objects in the selected images together.

    Section 4.3 does not say how the range was met. Drawing again until it happens is hopeless where the range is far
    from the mean. A draw outside it is mended instead: a number is drawn from the range, and images are exchanged at
    random, each for another candidate of the class it was selected for, wherever that brings the sum nearer to it.
    Every class keeps its number of turns.
    """

    uses = ('seed',)
    nested = False

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise UserError(f'low is {self.low} and high is {self.high}, which is not a range')

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        picks = _draw(task)
        _exchange(task, picks, self.low, self.high)
        for image, label in picks:
            yield task.take(image, label)


def _draw(task: Task) -> list[tuple[int, int]]:
    rotation = task.anew(task.lam).rotation
    picks: list[tuple[int, int]] = []
    for label in rotation:
        if len(picks) + len(task.included) >= task.target:
            break
        picks.append((int(task.rng.choice(rotation.candidates(label))), label))
        rotation.take(picks[-1][0])
    return picks


def _exchange(task: Task, picks: list[tuple[int, int]], low: int, high: int) -> None:
    """Exchange images of ``picks``, in place, until their objects and the included images' are in the range."""
    counts = task.pool.object_counts
    candidates = {label: task.pool.images_of_class(label) for label in task.pool.labels}
    taken = {*task.included, *(image for image, _ in picks)}
    total = int(counts[list(taken)].sum())
    if low <= total <= high:
        return

    def may_replace(image: int, other: int) -> bool:
        return task.rotation.cap is None or task.rotation.cap.allows(other, [*(taken - {image})])

    aim = int(task.rng.integers(low, high + 1))
    for _ in range(MAX_PROPOSALS * len(picks)):
        place = int(task.rng.integers(len(picks)))
        image, label = picks[place]
        other = int(task.rng.choice(candidates[label]))
        changed = total + int(counts[other] - counts[image])
        if other not in taken and abs(changed - aim) < abs(total - aim) and may_replace(image, other):
            picks[place] = (other, label)
            taken = (taken - {image}) | {other}
            total = changed
        if total == aim:
            return
    if not low <= total <= high:
        raise UserError(
            f'No uniform draw of {task.target} images with {low} to {high} objects was found, the nearest '
            f'had {total}; ask for another range or another number of images.'
        )
