"""The registry of selection methods: a new one is a function and one decorator."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Pick
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation
from mmcsod.util.distributed import ALONE, Group
from mmcsod.util.errors import UserError


@dataclass(frozen=True)
class Task:
    """What a method is given.

    Attributes:
        pool: What may be selected. Excluded images and classes not asked for are out of it already.
        rotation: Whose turn it is and what is taken; images included from the start are taken already.
        included: Indices of those images, in the order given.
        rng: Random numbers; the only source a method may use, so that a seed repeats exactly.
        lam: The balance of Eq. 4, resolved to a number.
        kernel: Name of the kernel to score with.
        target: N; where the budget is one of objects, an estimate of it.
        group: The processes that select together. All run the method and must come to the same picks.
    """

    pool: Pool
    rotation: Rotation
    included: tuple[int, ...]
    rng: np.random.Generator
    lam: float
    kernel: str
    target: int
    group: Group = ALONE

    def take(self, image: int, label: int | None = None, **terms: float) -> Pick:
        """Mark an image as selected at a class's turn and return the pick to yield; ``terms`` are :class:`Pick`'s."""
        self.rotation.take(image)
        return Pick(self.pool.bank.images[image], label, **terms)


SelectionFunction = Callable[..., Iterator[Pick]]


@dataclass(frozen=True)
class Method:
    """A registered method.

    Attributes:
        name: What ``--method`` calls it.
        select: Yields ``task.take(image, label)`` in pick order for as long as there are images; whoever calls it
            stops at the budget. Called with the task, and with what ``parse`` returns where there is an ``argument``.
        parameters: Those of ``lam``, ``seed`` and ``kernel`` that its picks depend on; they go into the coreset file.
        prepare: Turns the bank into the one to select from.
        argument: What must follow the name and a colon, as in ``count:700-1100``; None if nothing may.
        parse: Turns that text into the value that ``select`` is given, or raises a UserError.
        nested: Whether the first picks of a large coreset are what a smaller budget gives.
    """

    name: str
    select: SelectionFunction
    parameters: tuple[str, ...] = ()
    prepare: Callable[[FeatureBank], FeatureBank] | None = None
    argument: str | None = None
    parse: Callable[[str], Any] = str
    nested: bool = True

    @property
    def needs_object_vectors(self) -> bool:
        """Whether it selects on the vectors of objects, which Stage 1 keeps only when told to."""
        return self.prepare is FeatureBank.objectwise

    @property
    def usage(self) -> str:
        """The name with what must follow it."""
        return self.name if self.argument is None else f'{self.name}:{self.argument}'


_METHODS: dict[str, Method] = {}


def register_method(
    name: str,
    parameters: tuple[str, ...] = (),
    prepare: Callable[[FeatureBank], FeatureBank] | None = None,
    argument: str | None = None,
    parse: Callable[[str], Any] = str,
    nested: bool = True,
) -> Callable[[SelectionFunction], SelectionFunction]:
    """Register the decorated function as the method ``name``; the arguments are :class:`Method`'s."""

    def register(select: SelectionFunction) -> SelectionFunction:
        _METHODS[name] = Method(name, select, parameters, prepare, argument, parse, nested)
        return select

    return register


def method_names() -> list[str]:
    """Return the names of all methods, sorted, each with the argument it takes."""
    _load()
    return sorted(method.usage for method in _METHODS.values())


def get_method(name: str) -> Method:
    """Return a method by name, its argument bound.

    Raises:
        UserError: If there is none of that name, or its argument is missing, too much or malformed.
    """
    _load()
    base, colon, argument = name.partition(':')
    if base not in _METHODS:
        raise UserError(f"There is no selection method '{name}'; choose one of {', '.join(method_names())}.")
    method = _METHODS[base]
    if bool(colon) != (method.argument is not None):
        raise UserError(f"The selection method '{name}' is written {method.usage}.")
    if not colon:
        return method
    return replace(method, name=name, select=partial(method.select, argument=method.parse(argument)))


def _load() -> None:
    package = importlib.import_module('mmcsod.selection.methods')
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f'{package.__name__}.{module.name}')
