"""Training a stock config on a coreset."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from mmcsod.config import load_config
from mmcsod.coreset import Coreset
from mmcsod.datasets.build import build_training_set
from mmcsod.errors import UserError
from mmcsod.features.safe_loading import safe_loading
from mmcsod.fileio import file_name, write_json, write_text
from mmcsod.training.config import add_imports, base_batch_size, drop_extraction, wrap_training_set
from mmcsod.training.difference import describe_difference
from mmcsod.training.gentle import GENTLE_WARMUP_SHARE, is_one_stage, make_gentle
from mmcsod.training.plan import Plan, count_iterations, make_plan
from mmcsod.training.schedule import WARMUP_SHARE, set_iterations


@dataclass(frozen=True)
class RetrainOptions:
    """How to train; the defaults leave the stock config as it is.

    Attributes:
        iters: Length of the run in iterations; None keeps the stock schedule.
        seed: Seed of initialisation, sampling and augmentation.
        num_images: Use only the first so many picks of the coreset.
        gentle: Warm-up, gradient clipping and a learning rate scaled to the batch; None means for detectors without
            an RoI head.
        amp: Automatic mixed precision.
        auto_scale_lr: Scale the learning rate to the batch, as MMDetection does.
        resume: Continue from the latest checkpoint in the work dir ('auto') or from the given one.
        launcher: How several processes were started: none, pytorch, slurm or mpi.
        allow_missing_classes: Let classes pass that the annotations do not have.
        cfg_options: Settings that replace the config's, by dotted name.
        work_dir: Where to write; by default below ``work_dirs``, named after the config and the coreset's size, even if
            the config names the work dir of its own run, as every config that MMDetection's tools/train.py dumps does.
    """

    iters: int | None = None
    seed: int | None = None
    num_images: int | None = None
    gentle: bool | None = None
    amp: bool = False
    auto_scale_lr: bool = False
    resume: str | None = None
    launcher: str = 'none'
    allow_missing_classes: bool = False
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    work_dir: str | None = None


@dataclass(frozen=True)
class Retraining:
    """A run that is ready to start.

    Attributes:
        config: The resolved config.
        difference: What it changes in the stock config, one setting a line.
        plan: What it is going to do.
        record: What was asked for, for ``result.json``.
    """

    config: Config
    difference: list[str]
    plan: Plan
    record: Mapping[str, Any]


def prepare(config: str | Path, coreset: str | Path | None, options: RetrainOptions) -> Retraining:
    """Resolve ``config`` for training on ``coreset``; nothing is written.

    Args:
        config: Path or stock name of a training config.
        coreset: The coreset file; None trains on the full training set.
        options: How to train.

    Raises:
        UserError: If the config, the coreset, the data or their combination cannot be trained.
    """
    resolved = _resolve(config, coreset, options)
    dataset = build_training_set(resolved, options.allow_missing_classes)
    _set_schedule(resolved, options, len(dataset))
    return Retraining(
        config=resolved,
        difference=describe_difference(load_config(str(config)), resolved),
        plan=make_plan(resolved, dataset, options.launcher),
        record={'config': str(config), 'coreset': coreset and str(coreset), 'num_images': options.num_images,
                'seed': options.seed})


def train(retraining: Retraining) -> dict[str, float]:
    """Train, and return the last evaluation.

    Returns:
        The metrics by name, as the config's evaluator calls them; ``WORK_DIR/result.json`` has them too, with the plan.

    Raises:
        UserError: If the work dir cannot be written, the loss turns NaN, or a checkpoint holds more than weights.
    """
    config, started = retraining.config, time.perf_counter()
    with safe_loading():  # also of what --resume, load_from and init_cfg name
        runner = RUNNERS.build(config) if 'runner_type' in config else Runner.from_cfg(config)
        runner.train()
    scalars = runner.message_hub.log_scalars
    metrics = {name.removeprefix('val/'): float(buffer.current()) for name, buffer in scalars.items()
               if name.startswith('val/') and not name.endswith('time')}
    if runner.rank == 0:
        write_json(Path(config.work_dir) / 'result.json', {
            **retraining.record, **asdict(retraining.plan), 'metrics': metrics,
            'minutes': (time.perf_counter() - started) / 60})
    return metrics


def write_config(retraining: Retraining) -> Path:
    """Write the resolved config to the work dir, where ``tools/train.py`` of MMDetection can take it from."""
    path = _config_path(retraining.config)
    write_text(path, retraining.config.pretty_text)
    return path


def _resolve(config: str | Path, coreset: str | Path | None, options: RetrainOptions) -> Config:
    if coreset is None and options.num_images is not None:
        raise UserError('--num-images takes the first images of a coreset, and --full has none; leave one of them out.')
    resolved = load_config(str(config), options.cfg_options)
    add_imports(resolved)
    import_modules_from_strings(**resolved.custom_imports)
    if coreset is not None:
        wrap_training_set(resolved, coreset, options.num_images)
        drop_extraction(resolved)
    _set_training_options(resolved, options)
    resolved.custom_hooks = [*(resolved.get('custom_hooks') or []), ConfigDict(type='StopOnNaNHook')]
    resolved.work_dir = (options.work_dir or options.cfg_options.get('work_dir')
                         or _default_work_dir(config, coreset, options))
    _check_work_dir(resolved)
    return resolved


def _config_path(config: Config) -> Path:
    """Return where MMEngine's runner writes the config too."""
    return Path(config.work_dir) / Path(config.filename).name


def _check_work_dir(config: Config) -> None:
    if _config_path(config).resolve() == Path(config.filename).resolve():
        raise UserError(f'The resolved config would replace {config.filename}, and the checkpoints those of its run; '
                        'name another folder with --work-dir.')


def _set_schedule(config: Config, options: RetrainOptions, samples: int) -> None:
    gentle = is_one_stage(config) if options.gentle is None else options.gentle
    if options.iters is not None:
        set_iterations(config, options.iters, GENTLE_WARMUP_SHARE if gentle else WARMUP_SHARE)
    if gentle:
        make_gentle(config, count_iterations(config, samples, options.launcher))


def _set_training_options(config: Config, options: RetrainOptions) -> None:
    config.launcher = options.launcher
    if options.seed is not None:
        config.randomness = ConfigDict(config.get('randomness', {}), seed=options.seed)
    if options.amp:
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.loss_scale = 'dynamic'
    if options.auto_scale_lr:
        if not base_batch_size(config):
            raise UserError('--auto-scale-lr needs auto_scale_lr.base_batch_size in the config, and it has none; '
                            'set the learning rate with --cfg-options.')
        config.auto_scale_lr.enable = True
    if options.resume is not None:
        config.resume = True
        config.load_from = None if options.resume == 'auto' else options.resume
    elif config.get('resume'):  # a run on the full set that was resumed: its checkpoint is of the end of that training
        config.resume, config.load_from = False, None


def _default_work_dir(config: str | Path, coreset: str | Path | None, options: RetrainOptions) -> str:
    stem = Path(str(config).rpartition('::')[2]).stem
    if coreset is None:
        subset = 'full'
    else:
        loaded = Coreset.load(coreset)
        subset = f'{file_name(loaded.method)}-{options.num_images or len(loaded)}'
    seed = '' if options.seed is None else f'_seed{options.seed}'
    return str(Path('work_dirs') / f'{stem}_{subset}{seed}')
