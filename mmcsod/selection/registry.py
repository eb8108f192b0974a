"""The registry of selection methods: a new one is a class, its settings as fields, and one decorator."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import msgspec
import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation
from mmcsod.util.distributed import ALONE, World
from mmcsod.util.errors import UserError, check_options


@dataclass(frozen=True)
class Task:
    """What a method is given.

    Attributes:
        pool: What may be selected. Excluded images and classes not asked for are out of it already.
        rotation: The class round-robin and what is selected; images included from the start are selected already.
        included: Indices of those images, in the order given.
        rng: Random numbers; the only source a method may use, so that a seed repeats exactly.
        lam: The balance of Eq. 4, resolved to a number.
        kernel: Name of the kernel to score with.
        target: N; where the budget is one of objects, an estimate of it.
        memory: Bytes that similarities of rows may be kept in.
        world: The processes that select together. All run the method and must come to the same picks.
    """

    pool: Pool
    rotation: Rotation
    included: tuple[int, ...]
    rng: np.random.Generator
    lam: float
    kernel: str
    target: int
    memory: int
    world: World = ALONE

    def anew(self, lam: float) -> Task:
        """Return the same task at a balance of Eq. 4, with nothing selected but the included images."""
        rotation = Rotation(self.pool, self.included, self.rotation.weights, self.rotation.cap)
        return replace(self, rotation=rotation, lam=lam)

    def without_cap(self) -> Task:
        """Return the task of going on with the images that the cap on recordings has barred."""
        included = tuple(np.flatnonzero(self.rotation.taken).tolist())
        return replace(self, rotation=Rotation(self.pool, included, self.rotation.weights), included=included)

    def take(self, image: int, label: int | None = None, **terms: float) -> Pick:
        """Mark an image as selected at a class's turn and return the pick to yield; ``terms`` are :class:`Pick`'s."""
        self.rotation.take(image)
        return Pick(self.pool.bank.images[image], label, **terms)


@dataclass(frozen=True)
class Method(ABC):
    """A selection method. The fields that a subclass has are its settings, what ``--method-options`` changes.

    Attributes:
        name: What ``--method`` calls it.
        uses: Those of ``lam`` and ``seed`` that its picks depend on; they go into the coreset file.
        by_class: It selects by the class round-robin.
        turns: How many turns each class gets by default, as in :class:`mmcsod.selection.options.SelectionOptions`.
        needs_object_vectors: It selects on one vector an object, which Stage 1 keeps only if asked to.
        nested: The first picks of a large coreset are what a smaller budget gives.
    """

    name: ClassVar[str]
    uses: ClassVar[tuple[str, ...]] = ()
    by_class: ClassVar[bool] = True
    turns: ClassVar[str] = 'equal'
    needs_object_vectors: ClassVar[bool] = False
    nested: ClassVar[bool] = True

    @property
    def changed_settings(self) -> dict[str, Any]:
        """The settings that have other values than their defaults, by name."""
        values = ((field, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {field.name: value for field, value in values if value != field.default}

    def num_similarities(self, pool: Pool) -> int:
        """Return how many similarities it compares and keeps as far as ``--memory`` allows: 0 if it keeps none."""
        return 0

    def warnings(self, pool: Pool) -> Iterator[str]:
        """Yield a sentence on everything that a user may not expect of the method on a pool."""
        yield from ()

    @abstractmethod
    def select(self, task: Task) -> Iterator[Pick]:
        """Yield ``task.take(image, label)`` in pick order until no image is left; the caller stops at the budget."""


_METHODS: dict[str, type[Method]] = {}

_OURS = 'mmcsod.selection.methods'

INSTEAD = {
    'csod-distinct': 'classwise-facility-location',
    'csod-typical-first': 'csod-logdet',
    'ccs': 'uniform',
    'd2': 'classwise-facility-location',
    'infomax': 'csod-logdet',
    'tfdp': 'max',
}
"""Methods of version 0.1 that are gone, and what comes nearest to each."""

_COUNT = re.compile(r'count:(?P<low>\d+)-(?P<high>\d+)')
"""The short form of ``count`` with its two settings."""

Kind = TypeVar('Kind', bound=type[Method])


def register_method(name: str) -> Callable[[Kind], Kind]:
    """Register the decorated subclass of :class:`Method` as the method ``name``.

    Raises:
        UserError: If mmcsod has a method of that name or had one, or what is decorated is no such class.
    """

    def register(kind: Kind) -> Kind:
        if not (isinstance(kind, type) and issubclass(kind, Method)):
            raise UserError(
                f"What is registered as the method '{name}' is not a subclass of mmcsod.selection.Method; "
                'docs/methods.md shows one.'
            )
        if name in INSTEAD:
            raise UserError(
                f"mmcsod had a selection method '{name}', removed since; register yours under another name."
            )
        if not _is_ours(kind) and name in method_names() and _is_ours(_METHODS[name]):
            raise UserError(f"mmcsod has a selection method '{name}'; register yours under another name.")
        kind.name = name
        _METHODS[name] = kind
        return kind

    return register


def method_names() -> list[str]:
    """Return the names of all methods, sorted."""
    _load()
    return sorted(_METHODS)


def get_method(name: str, options: Mapping[str, Any] | None = None) -> Method:
    """Return a method with its settings.

    Args:
        name: One of :func:`method_names`, or ``count:LOW-HIGH``, short for ``count`` with ``low`` and ``high``.
        options: Settings by name, the others having their defaults; numbers may be given as text.

    Raises:
        UserError: If the method or a setting is unknown, missing or of another type.
    """
    if match := _COUNT.fullmatch(name):
        name, options = 'count', {**match.groupdict(), **(options or {})}
    if name in INSTEAD:
        raise UserError(f"The selection method '{name}' was removed; use '{INSTEAD[name]}' instead.")
    if name not in method_names():
        raise UserError(f"Unknown selection method '{name}'; choose one of {', '.join(method_names())}.")
    kind, given = _METHODS[name], dict(options or {})
    settings = [field.name for field in dataclasses.fields(kind)]
    if given and not settings:
        raise UserError(f"The method '{name}' has no options; leave out {next(iter(given))}.")
    check_options(given, settings, f"The method '{name}'")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"The method '{name}' was given an unfit option: {error}.") from error


def _is_ours(kind: type[Method]) -> bool:
    return kind.__module__.startswith(f'{_OURS}.')


def _load() -> None:
    package = importlib.import_module(_OURS)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f'{package.__name__}.{module.name}')
