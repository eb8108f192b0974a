"""The file that describes an experiment, and the runs it stands for."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from mmcsod.selection.options import SelectionOptions
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError
from mmcsod.util.files import file_name

FULL_SET = 'full-set'
"""The 'method' that trains on all images."""


T = TypeVar('T')


@dataclass(frozen=True)
class Run:
    """One training run: all that tells it from the others of its experiment.

    Attributes:
        detector: Key of the experiment's ``detectors``.
        method: Selection method, or ``FULL_SET``.
        num_images: N; None for the full set.
        lam: The balance of Eq. 4, a number, '2N/D', or 'coverage' for what 'auto' chooses; None for methods without it.
        tap: Where Stage 1 read its vectors; None for the full set.
        iters: Training iterations.
        seed: Seed of the selection, where the method draws, and of the training.
        turns: How many turns each class gets in the class round-robin.
    """

    detector: str
    method: str
    num_images: int | None
    lam: float | str | None
    tap: str | None
    iters: int
    seed: int
    turns: str = 'equal'

    @property
    def coreset_name(self) -> str:
        """A file name for the coreset, the same for all detectors and lengths of training."""
        parts = [self.method.replace(':', '-'), self.tap, self.num_images]
        parts += [f'lam{self.lam}'.replace('/', '')] if self.lam is not None else []
        parts += [f'turns-{file_name(self.turns)}'] if self.turns != 'equal' else []
        return '_'.join(map(str, [*parts, f'seed{self.seed}']))

    @property
    def name(self) -> str:
        """A folder name for the run."""
        subset = f'{FULL_SET}_seed{self.seed}' if self.method == FULL_SET else self.coreset_name
        return f'{self.detector}_{self.iters}i_{subset}'


@dataclass(frozen=True)
class Selector:
    """The detector whose features Stage 1 takes.

    Attributes:
        config: Its config, path or stock name.
        checkpoint: Its weights; None has it trained on the full set first, which is a run like any other.
        detector: Key of the experiment's ``detectors`` to train, where there is no checkpoint.
        iters: Iterations to train it for.
        seed: Seed to train it with.
        keep_ignored: Select on boxes that training ignores too.
        bank: Folder of a finished feature bank, in place of all this; nothing is extracted then.
    """

    config: str = ''
    checkpoint: str | None = None
    detector: str | None = None
    iters: int | None = None
    seed: int = 0
    keep_ignored: bool = False
    bank: str | None = None


@dataclass(frozen=True)
class Experiment:
    """A grid of runs on one dataset.

    Attributes:
        name: What the result lines call it.
        selector: Whose features.
        detectors: Name to training config, path or stock name.
        metric: The evaluator's name of what the tables show, such as 'coco/bbox_mAP_50'.
        runs: The runs, most useful first, each once.
        cfg_options: Settings that replace those of every detector's config.
        scale: What the metric is multiplied with for the tables: 100 shows percent.
    """

    name: str
    selector: Selector
    detectors: Mapping[str, str]
    metric: str
    runs: tuple[Run, ...]
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 100.0


def join(
    experiments: Sequence[Experiment], results: Sequence[Mapping[Run, T]]
) -> list[tuple[Experiment, dict[Run, T]]]:
    """Join experiments that train the same detectors, and what is known of their runs, under the first one's name.

    Two that have a run in common are refused: nothing would tell their results apart.
    """
    joined: dict[tuple, tuple[Experiment, dict[Run, T]]] = {}
    for experiment, found in zip(experiments, results, strict=True):
        key = (*experiment.detectors.items(), experiment.metric)
        first, known = joined.get(key, (replace(experiment, runs=()), {}))
        if common := sorted(run.name for run in set(first.runs) & set(experiment.runs)):
            raise UserError(f'{first.name} and {experiment.name} both have the run {common[0]}; show one at a time.')
        joined[key] = replace(first, runs=first.runs + experiment.runs), {**known, **found}
    return list(joined.values())


def load_experiment(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """Read an experiment file, a Python config as MMEngine reads them; ``overrides`` replace entries by dotted name."""
    cfg = load_config(str(path), overrides)
    for entry in ('selector', 'detectors', 'metric', 'grid'):
        if entry not in cfg:
            raise UserError(f"The experiment {path} has no entry '{entry}'; see docs/experiments.md.")
    if not isinstance(cfg.detectors, Mapping) or not isinstance(cfg.grid, list | tuple):
        raise UserError(
            f"In the experiment {path}, 'detectors' must be a dict of name to config and 'grid' a list of dicts."
        )
    detectors = dict(cfg.detectors)
    selector = _selector(dict(cfg.selector), detectors, path)
    runs = dict.fromkeys(run for block in cfg.grid for run in _runs(block, cfg, detectors, path))
    return Experiment(
        cfg.get('name', Path(path).stem),
        selector,
        detectors,
        cfg.metric,
        tuple(runs),
        dict(cfg.get('cfg_options', {})),
        cfg.get('scale', 100.0),
    )


def _selector(entry: dict[str, Any], detectors: Mapping[str, str], path: str | Path) -> Selector:
    if entry.get('bank') is not None:
        if len(entry) > 1:
            raise UserError(
                f"The selector of the experiment {path} has a 'bank' and more; a finished bank needs nothing else."
            )
        if not isinstance(entry['bank'], str):
            raise UserError(f"'bank' of the selector of the experiment {path} is {entry['bank']!r}; give one folder.")
        return Selector(bank=entry['bank'])
    name = entry.get('detector')
    if name is not None:
        if name not in detectors:
            raise UserError(
                f"The selector of the experiment {path} is '{name}', which is not one of its detectors "
                f'({", ".join(detectors)}).'
            )
        entry.setdefault('config', detectors[name])
    if 'config' not in entry or (entry.get('checkpoint') is None and (name is None or entry.get('iters') is None)):
        raise UserError(
            f"The selector of the experiment {path} needs 'config' and 'checkpoint', 'detector' and "
            "'iters' to be trained first, or a finished 'bank'."
        )
    try:
        return Selector(**entry)
    except TypeError as error:
        raise UserError(f'The selector of the experiment {path} has an unknown entry ({error}).') from error


ENTRIES = ('methods', 'num_images', 'seeds', 'lams', 'turns', 'taps', 'detectors', 'iters')
"""Of a block of the grid; the experiment file may give some once, for all blocks."""


def _runs(block: Any, cfg: Mapping[str, Any], detectors: Mapping[str, str], path: str | Path) -> Iterator[Run]:
    """Yield the product of a block's lists, seeds outermost so that a part of it is of use."""
    entry = _checked(block, cfg, path)
    names = entry.get('detectors', list(detectors))
    for name in names:
        if name not in detectors:
            raise UserError(
                f"A block of the grid of {path} names the detector '{name}'; its detectors are {', '.join(detectors)}."
            )
    for seed, number, detector, tap, lam, turns, method in itertools.product(
        _seeds(entry.get('seeds', 1), path),
        entry.get('num_images', [None]),
        names,
        entry.get('taps', ['auto']),
        entry.get('lams', ['auto']),
        entry.get('turns', ['equal']),
        entry['methods'],
    ):
        if method == FULL_SET:
            yield Run(detector, method, None, None, None, _length(entry, None, path), seed)
        else:
            lam, turns = _lam_and_turns(method, number, lam, turns, path)
            yield Run(detector, method, number, lam, tap, _length(entry, number, path), seed, turns)


def _checked(block: Any, cfg: Mapping[str, Any], path: str | Path) -> dict[str, Any]:
    """Return a block with what the experiment file gives for all."""
    if not isinstance(block, Mapping) or not block.get('methods'):
        raise UserError(f"A block of the grid of {path} has no entry 'methods'; see docs/experiments.md.")
    if unknown := sorted(set(block) - set(ENTRIES)):
        raise UserError(f"A block of the grid of {path} has an unknown entry '{unknown[0]}'; use {', '.join(ENTRIES)}.")
    entry = {name: cfg[name] for name in ENTRIES if name in cfg and name not in ('methods', 'detectors')} | dict(block)
    for name in ENTRIES:
        if name not in ('seeds', 'iters') and not isinstance(entry.get(name, []), list | tuple):
            raise UserError(
                f"'{name}' in a block of the grid of {path} is {entry[name]!r}; write a list, [{entry[name]!r}]."
            )
    return entry


def _seeds(seeds: Any, path: str | Path) -> Sequence[int]:
    seeds = range(seeds) if isinstance(seeds, int) else seeds
    if not isinstance(seeds, Sequence) or not all(isinstance(seed, int) and seed >= 0 for seed in seeds):
        raise UserError(
            f"'seeds' in a block of the grid of {path} is {seeds!r}; give how many there are, or a list of whole "
            'numbers, 0 or more.'
        )
    return seeds


def _lam_and_turns(method: str, number: int | None, lam: Any, turns: str, path: str | Path) -> tuple[Any, str]:
    """Return what tells a run apart: None and 'equal' for a method that has no lam, or no turns."""
    if number is None:
        raise UserError(f"The method '{method}' of {path} needs 'num_images'.")
    if not isinstance(turns, str):
        raise UserError(f"'turns' of {path} is {turns!r}; write weights as 'A=3,B=1'.")
    options = SelectionOptions(number, method=method, lam=_of_budget(lam, number, 'lam', path), turns=turns)
    given = options.lam if 'lam' in options.entry.uses else None
    return 'coverage' if options.lam_rule == 'coverage' else given, turns if options.entry.by_class else 'equal'


def _length(entry: Mapping[str, Any], number: int | None, path: str | Path) -> int:
    length = _of_budget(entry.get('iters'), number, 'iters', path)
    if not isinstance(length, int) or length < 1:
        raise UserError(
            f"The experiment {path} needs 'iters': training iterations, or a dict of them by number of images."
        )
    return length


def _of_budget(values: Any, number: int | None, what: str, path: str | Path) -> Any:
    """Return a value, that of a number of images from a dict of such."""
    if not isinstance(values, Mapping):
        return values
    if number not in values:
        raise UserError(f"'{what}' of the experiment {path} has no value for {number} images.")
    return values[number]
