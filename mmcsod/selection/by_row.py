"""What the methods on imagewise-classwise rows share: the greedy loop of Algorithm 1 (lines 11-20).

Each class has a state of its own over its rows. An image that is selected at one class's turn counts as selected in
every class it shows, so its rows reach the states of all of them.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Task
from mmcsod.selection.unit_rows import UnitRows
from mmcsod.util.distributed import ALONE, World

State = TypeVar('State')


@dataclass(frozen=True)
class Choice:
    """The number of the row that a class selects at its turn, and why, by names of :class:`Pick`'s attributes."""

    row: int
    terms: Mapping[str, float] = field(default_factory=dict)


class Chooser(Protocol):
    """Who chooses among the rows of one class, numbered in dataset order."""

    def best(self) -> Choice:
        """Return the row to select next; at least one is left."""

    def bar(self, row: int) -> None:
        """Leave a row that is not selected out of the choice; it still counts as one of the class."""


class RowSelector(Chooser, Protocol):
    """A method's state for the rows of one class."""

    def select(self, row: int) -> None:
        """Take notice that a row is selected."""


class SharedSelector(Chooser, Protocol):
    """A method's state for the rows of one class, of which each of several processes holds a part.

    All processes make the same calls in the same order, and come to the same choices.
    """

    def unit(self, row: int) -> np.ndarray:
        """Return a row at unit length, (d,) float64; zeros where another process holds it."""

    def select(self, row: int, unit: np.ndarray) -> None:
        """Take notice that a row is selected, whoever holds it."""


def make_states(pool: Pool, make: Callable[[UnitRows, np.ndarray], State], world: World = ALONE) -> dict[int, State]:
    """Return a state for each class that takes turns, several classes read at a time.

    It is made of the rows that this process holds, and of which of all n take part, (n,) bool.
    """

    def of_class(label: int, units: UnitRows) -> State:
        return make(units, pool.eligible[pool.rows_of_class(label)])

    units = pool.units(world)
    if world.size > 1:  # what processes exchange must have an order
        return {label: of_class(label, units[label]) for label in pool.labels}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return dict(zip(pool.labels, threads.map(of_class, pool.labels, units.values()), strict=True))


def take_own_turns(task: Task, states: Mapping[int, RowSelector]) -> Iterator[Pick]:
    """Run the greedy loop over states that each process has for itself."""

    def notice(image: int) -> None:
        for label, row in task.pool.places_of_image(image):
            states[label].select(row)

    yield from take_turns(task, states, notice)


def take_shared_turns(task: Task, states: Mapping[int, SharedSelector]) -> Iterator[Pick]:
    """Run the greedy loop over states that processes share; each row comes from the one that holds it."""

    def notice(image: int) -> None:
        places = [(states[label], row) for label, row in task.pool.places_of_image(image)]
        if not places:  # an included image without objects
            return
        units = task.world.add(np.stack([state.unit(row) for state, row in places]))  # the others give zeros
        for (state, row), unit in zip(places, units, strict=True):
            state.select(row, unit)

    yield from take_turns(task, states, notice)


def take_turns(task: Task, states: Mapping[int, Chooser], notice: Callable[[int], None]) -> Iterator[Pick]:
    """Run the greedy loop of Algorithm 1 over the classes' states; ``notice`` tells them that an image is selected."""
    pool, told = task.pool, 0
    for image in task.included:
        notice(image)
    for label in task.rotation:
        for image in task.rotation.barred[told:]:
            for other, row in pool.places_of_image(image):
                states[other].bar(row)
        told = len(task.rotation.barred)
        choice = states[label].best()
        image = int(pool.row_images[pool.rows_of_class(label).start + choice.row])
        notice(image)
        yield task.take(image, label, **choice.terms)
