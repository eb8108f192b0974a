"""From a config, a coreset and options to a run that is ready to start."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.utils import import_modules_from_strings

from mmcsod.datasets.build import build_training_set
from mmcsod.datasets.check import use_checked_labels
from mmcsod.labels.config import is_written
from mmcsod.records.coreset import Coreset
from mmcsod.training.config import (
    GENTLE_WARMUP_SHARE,
    add_imports,
    config_path,
    drop_extraction,
    is_one_stage,
    make_gentle,
    set_training_options,
    wrap_training_set,
)
from mmcsod.training.evaluation import build_validation_set
from mmcsod.training.options import RetrainOptions
from mmcsod.training.own_data import PARTS, fit_to_data, refuse_other_number, set_num_classes, take_data
from mmcsod.training.plan import Plan, make_plan
from mmcsod.training.runs import images_digest, refuse_mixing
from mmcsod.training.schedule import WARMUP_SHARE, count_iterations, set_iterations
from mmcsod.util.config import load_config, override, type_name
from mmcsod.util.errors import UserError
from mmcsod.util.files import file_name

INTERVALS = ('default_hooks.', 'train_cfg.val_')
"""What --iters sets and --cfg-options may set to something else, in iterations."""


@dataclass(frozen=True)
class Retraining:
    """A run that is ready to start: its config, how that differs from the stock config, the plan, and the datasets.

    ``record`` is what was asked for, for ``result.json``.
    """

    config: Config
    difference: list[str]
    plan: Plan
    record: Mapping[str, Any]
    training_set: Any
    validation_set: Any


def prepare(
    config: str | Path, coreset: str | Path | None, options: RetrainOptions, copies: Path | None = None
) -> Retraining:
    """Resolve ``config`` for training on ``coreset``, or the full set; nothing but corrected labels is written.

    Raises:
        UserError: If the config, the coreset, the data or their combination cannot be trained, or the work dir holds
            another run and this is not a dry run, which has its own folder for copies.
    """
    if coreset is None and options.num_images is not None:
        raise UserError('--num-images takes the first images of a coreset, and --full has none; leave one of them out.')
    loaded = None if coreset is None else Coreset.load(coreset)
    stock, resolved = _read(str(config), options)
    if coreset is not None:
        wrap_training_set(resolved, coreset, options.num_images)
        drop_extraction(resolved)
    set_training_options(resolved, options)
    resolved.work_dir = str(  # a config that is written to a file holds no paths
        options.work_dir or options.cfg_options.get('work_dir') or _default_work_dir(config, loaded, options)
    )
    _check_work_dir(resolved)
    record = {
        'config': str(config),
        'coreset': coreset and str(coreset),
        'images_sha256': images_digest(loaded, options.num_images),
        'data': options.data,
        'num_images': options.num_images,
        'seed': options.seed,
    }
    if copies is None:  # before anything is written there
        refuse_mixing(Path(resolved.work_dir), record, options)
    use_checked_labels(resolved, copies or Path(resolved.work_dir) / 'labels', ('train', 'val'))
    training_set = build_training_set(resolved, options.allow_missing_classes, loaded)
    classes = _classes(training_set)
    if options.data is not None:
        set_num_classes(resolved, len(classes))
    refuse_other_number(resolved, len(classes))
    _set_schedule(resolved, options, len(training_set))
    return Retraining(
        config=resolved,
        difference=_difference(stock, resolved, options),
        plan=make_plan(resolved, training_set, options.launcher),
        record=record,
        training_set=training_set,
        validation_set=build_validation_set(resolved, classes, options.allow_missing_classes),
    )


def _read(name: str, options: RetrainOptions) -> tuple[Config, Config]:
    """Return the stock config, with one's own data where that is asked for, and what becomes the resolved one."""
    stock = load_config(name)
    data = None if options.data is None else load_config(options.data)
    if data is not None:
        take_data(stock, data)
    resolved = copy.deepcopy(stock)
    if data is not None:
        fit_to_data(resolved, data)
    override(resolved, options.cfg_options)
    add_imports(resolved)
    import_modules_from_strings(**resolved.custom_imports)
    return stock, resolved


def _difference(stock: Config, resolved: Config, options: RetrainOptions) -> list[str]:
    data = [] if options.data is None else [f'~ {", ".join(PARTS)}: those of {options.data}']
    return data + describe_difference(stock, resolved)


def _classes(dataset: Any) -> tuple[str, ...]:
    infos = dataset.metainfo if isinstance(dataset.metainfo, list) else [dataset.metainfo]
    return tuple(infos[0].get('classes') or ())


def _set_schedule(config: Config, options: RetrainOptions, samples: int) -> None:
    gentle = is_one_stage(config) if options.gentle is None else options.gentle
    if options.iters is not None:
        set_iterations(config, options.iters, GENTLE_WARMUP_SHARE if gentle else WARMUP_SHARE)
        override(config, {name: value for name, value in options.cfg_options.items() if name.startswith(INTERVALS)})
    if gentle:
        make_gentle(config, count_iterations(config, samples, options.launcher))


def _check_work_dir(config: Config) -> None:
    if config_path(config).resolve() == Path(config.filename).resolve():
        raise UserError(
            f'The resolved config would replace {config.filename}, and the checkpoints those of its run; '
            'name another folder with --work-dir.'
        )


def _default_work_dir(config: str | Path, coreset: Coreset | None, options: RetrainOptions) -> str:
    path = Path(str(config).rpartition('::')[2])
    stem = path.resolve().parent.name if is_written(config) else path.stem
    subset = 'full'
    if coreset is not None:
        digest = images_digest(coreset, options.num_images)[:6]
        subset = f'{file_name(coreset.method)}-{options.num_images or len(coreset)}-{digest}'
    seed = '' if options.seed is None else f'_seed{options.seed}'
    return str(Path('work_dirs') / f'{stem}_{subset}{seed}')


def describe_difference(stock: Config, config: Config) -> list[str]:
    """Return what changed from ``stock`` to ``config``, one setting a line: removed, added, changed.

    A ``CoresetDataset`` is looked through, so that wrapping the training set is one line and not its whole subtree.
    """
    before, after = dict(_settings(stock)), dict(_settings(config))
    lines = [f'- {name} = {value}' for name, value in before.items() if name not in after]
    lines += [f'+ {name} = {value}' for name, value in after.items() if name not in before]
    lines += [
        f'~ {name}: {value} -> {after[name]}'
        for name, value in before.items()
        if name in after and after[name] != value
    ]
    return sorted(lines, key=lambda line: line[2:])


def _settings(value: Any, name: str = '') -> Iterator[tuple[str, str]]:
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, Mapping) and type_name(value) == 'CoresetDataset':
        options = ', '.join(f'{key}={item!r}' for key, item in value.items() if key not in ('type', 'dataset'))
        yield f'{name} inside CoresetDataset', options
        value = value['dataset']
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _settings(item, f'{name}.{key}' if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _settings(item, f'{name}[{index}]')
    else:
        yield name, repr(value)
