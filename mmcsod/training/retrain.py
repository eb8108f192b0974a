"""Training a stock config on a coreset."""

import copy
import inspect
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmcsod.datasets.audit import refuse_without_objects
from mmcsod.datasets.images import check_images
from mmcsod.features.safe_loading import safe_loading
from mmcsod.training.config import config_path
from mmcsod.training.failures import explained, name_images
from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import Retraining, prepare
from mmcsod.training.runs import RESULT, last_checkpoint, start_record
from mmcsod.util.errors import UserError, check_options
from mmcsod.util.files import write_json, write_text
from mmcsod.util.launcher import rank

logger = logging.getLogger('mmcsod')


def retrain(config: str | Path, coreset: str | Path | None, dry_run: bool = False, **options: Any) -> dict[str, float]:
    """Train a config on a coreset, telling what changes in it, what the run is going to do, and how it ended.

    Args:
        config: Path of a training config, or a stock name such as ``mmdet::retinanet/retinanet_r50_fpn_1x_coco.py``.
        coreset: The coreset file; None trains on the full training set.
        dry_run: Stop after telling; nothing is written.
        **options: Fields of :class:`mmcsod.training.options.RetrainOptions`, such as ``iters``, ``seed``, ``data``
            and ``work_dir``.

    Returns:
        The metrics of the last evaluation by name, empty after a dry run; ``WORK_DIR/result.json`` has them too.

    Raises:
        UserError: If something is wrong with the config, the coreset or the data, or the loss turns NaN.
    """
    check_options(options, [field.name for field in fields(RetrainOptions)], 'retrain')
    asked = RetrainOptions(**options)
    with TemporaryDirectory() as scratch:  # a dry run writes nothing that stays
        retraining = prepare(config, coreset, asked, Path(scratch) if dry_run else None)
    _check_data(retraining)
    work_dir = Path(retraining.config.work_dir)
    if not dry_run:
        _check_devices(asked.launcher)
    if rank(asked.launcher) == 0:
        _tell(retraining)
        if not dry_run:
            start_record(work_dir, retraining.record, resume=asked.resume is not None)
            logger.info('Resolved config: %s', write_config(retraining))
    return {} if dry_run else train(retraining)


def _check_data(retraining: Retraining) -> None:
    refuse_without_objects(retraining.training_set)
    warnings = check_images(retraining.training_set, 'training', retraining.record['coreset'] is not None)
    if retraining.validation_set is not None:
        warnings += check_images(retraining.validation_set, 'validation')
    for warning in warnings:
        logger.warning('warning: %s', warning)


def _check_devices(launcher: str) -> None:
    if launcher != 'none' and get_device() == 'cpu':
        raise UserError(
            f'--launcher {launcher} was given and there is no GPU: MMEngine trains on several processes with '
            'GPUs only; leave --launcher out and start one process.'
        )


def write_config(retraining: Retraining) -> Path:
    """Write the resolved config to the work dir, where ``tools/train.py`` of MMDetection can take it from."""
    path = config_path(retraining.config)
    write_text(path, retraining.config.pretty_text)
    return path


def train(retraining: Retraining) -> dict[str, float]:
    """Train, and return the last evaluation by name, as the config's evaluator calls it; ``result.json`` has it too."""
    config, started = retraining.config, time.perf_counter()
    for dataset in filter(None, (retraining.training_set, retraining.validation_set)):
        name_images(dataset)
    with safe_loading():  # also of what --resume, load_from and init_cfg name
        runner = RUNNERS.build(config) if 'runner_type' in config else _build_runner(retraining)
        _run(runner)
    metrics = _metrics(runner.message_hub.log_scalars)
    if runner.rank == 0:
        _finish(retraining, metrics, minutes=(time.perf_counter() - started) / 60)
    return metrics


def _finish(retraining: Retraining, metrics: Mapping[str, float], minutes: float) -> None:
    work_dir = Path(retraining.config.work_dir)
    checkpoint = last_checkpoint(work_dir)
    finite = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
    end = {'metrics': finite, 'checkpoint': checkpoint, 'minutes': minutes}
    write_json(work_dir / RESULT, {**retraining.record, **asdict(retraining.plan), **end})
    logger.info('\nThe run has ended:')
    for name, value in finite.items():
        logger.info('  %s %s', name, '-' if value is None else f'{value:.3f}')
    if not metrics:
        logger.info('  no metrics: nothing was detected, or the config evaluates nothing')
    logger.info('  checkpoint %s\n  result %s', checkpoint or 'none', work_dir / RESULT)


def _build_runner(retraining: Retraining) -> Runner:
    """Do as ``Runner.from_cfg`` does, but with the datasets that are built; ``runner.cfg`` describes them as ever."""
    config = copy.deepcopy(retraining.config)
    arguments = {name: config[name] for name in inspect.signature(Runner).parameters if name in config}
    for part, dataset in (('train', retraining.training_set), ('val', retraining.validation_set)):
        if dataset is not None:
            # MMEngine copies a loader's config, a dataset in it too; a function it leaves alone.
            arguments[f'{part}_dataloader'] = ConfigDict(
                config[f'{part}_dataloader'], dataset={'type': lambda dataset=dataset: dataset}
            )
    return Runner(**arguments, cfg=config)


def _run(runner: Runner) -> None:
    try:
        with explained(runner):
            runner.train()
    except KeyboardInterrupt:
        checkpoint = last_checkpoint(Path(runner.work_dir))
        advice = (
            f'the last checkpoint is {checkpoint}: go on with --resume'
            if checkpoint
            else 'no checkpoint had been written, so start again; --cfg-options '
            'default_hooks.checkpoint.interval=N writes one every N iterations or epochs'
        )
        raise KeyboardInterrupt(f'at iteration {runner.iter}; {advice}') from None


def _metrics(scalars: Mapping[str, Any]) -> dict[str, float]:
    return {
        name.removeprefix('val/'): float(buffer.current())
        for name, buffer in scalars.items()
        if name.startswith('val/') and not name.endswith('time')
    }


def _tell(retraining: Retraining) -> None:
    for title, lines in (
        ('Changes to the stock config:', retraining.difference),
        ('\nPlan:', retraining.plan.table().splitlines()),
    ):
        logger.info('\n'.join([title, *(f'  {line}' for line in lines)]))
    for warning in retraining.plan.warnings():
        logger.warning('warning: %s', warning)
    logger.info('')
