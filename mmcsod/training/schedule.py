"""How long a run is, and its schedule counted in iterations: the shape of a stock schedule at another length."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config, ConfigDict

from mmcsod.util.config import type_name
from mmcsod.util.errors import UserError
from mmcsod.util.launcher import world_size

WARMUP_SHARE = 0.1
"""The longest share of an ``--iters`` run that a stock warm-up may take."""

_POSITIONS = ('begin', 'end', 'T_max', 'total_steps', 'step_size', 'total_iters')
_POSITION_LISTS = ('milestones', 'periods', 'restart_iters')
_WARMUPS = ('LinearLR', 'ConstantLR', 'ExponentialLR')


@dataclass(frozen=True)
class Length:
    """How long a training loop runs: ``count`` epochs, or ``count`` iterations."""

    count: int
    by_epoch: bool


def schedule_length(config: Config) -> Length:
    """Return the length of the config's training loop."""
    loop = config.get('train_cfg') or {}
    if loop.get('max_iters'):
        return Length(loop['max_iters'], by_epoch=False)
    if loop.get('max_epochs'):
        return Length(loop['max_epochs'], by_epoch=True)
    raise UserError(
        'The config has no train_cfg with max_epochs or max_iters, so it cannot be trained; give a training config.'
    )


def count_iterations(config: Config, samples: int, launcher: str = 'none') -> int:
    """Return the iterations of the config's schedule on ``samples`` samples; an epoch's last batch may be smaller."""
    length = schedule_length(config)
    if not length.by_epoch:
        return length.count
    batch = batch_size(config, launcher)
    batches = samples // batch if _drops_last(config.train_dataloader) else math.ceil(samples / batch)
    if not batches:
        raise UserError(
            f'The data loader drops incomplete batches (drop_last), and {samples} samples do not fill one '
            f'of {batch}; pass --iters, or lower train_dataloader.batch_size.'
        )
    return length.count * batches


def batch_size(config: Config, launcher: str = 'none') -> int:
    """Return the samples of an iteration, over all processes that the launcher has started."""
    batch = config.train_dataloader.get('batch_size')
    if not isinstance(batch, int) or batch < 1:
        raise UserError(
            f'train_dataloader.batch_size is {batch}, so the config cannot be trained; give a number of images, 1 '
            'or more.'
        )
    return batch * world_size(launcher)


def _drops_last(loader: Mapping[str, Any]) -> bool:
    return bool(loader.get('drop_last') or (loader.get('batch_sampler') or {}).get('drop_last'))


def schedulers(config: Config) -> list[Any]:
    """Return the parameter schedulers of the config as a list."""
    found = config.get('param_scheduler') or []
    if isinstance(found, Mapping):
        if 'type' not in found:
            raise UserError(
                'The config schedules several optimizers; --iters can rescale the schedule of one only, '
                'so set the schedule in the config.'
            )
        return [found]
    return list(found)


def warmup_end(config: Config, epoch_length: int) -> int:
    """Return the iteration at which the warm-up ends, 0 if none; those that count epochs need an ``epoch_length``."""
    length = schedule_length(config)
    ends = [
        scheduler['end'] * (epoch_length if scheduler.get('by_epoch', True) else 1)
        for scheduler in schedulers(config)
        if _is_warmup(scheduler, length)
    ]
    return max(ends, default=0)


def set_iterations(config: Config, iterations: int, warmup_share: float = WARMUP_SHARE) -> None:
    """Turn the schedule of ``config`` into one of ``iterations`` iterations of the same shape, in place.

    Milestones and ends keep their share of the run. A warm-up counted in iterations keeps its length up to
    ``warmup_share`` of the run: scaled with the rest, the 100 of 18,000 iterations of the paper's stock config would
    be 5 of its 1,000, and unscaled the 500 of a COCO config would outlast most coresets' runs. Evaluation and the
    checkpoint come at the end, batches are drawn without end by an InfiniteSampler in place of a DefaultSampler, so
    that all are full. An EMAHook begins at the same share of the run.
    """
    length = schedule_length(config)
    stretch = _Stretch(length, iterations, warmup_end(config, 0), warmup_share)
    config.param_scheduler = list(filter(_acts, map(stretch.scheduler, schedulers(config))))
    config.train_cfg = {'type': 'IterBasedTrainLoop', 'max_iters': iterations, 'val_interval': iterations}
    _set_hooks(config, iterations)
    config.custom_hooks = [
        stretch.averaging(hook) if type_name(hook) == 'EMAHook' else hook for hook in config.get('custom_hooks') or []
    ]
    sampler = config.train_dataloader.get('sampler')
    if sampler is not None and type_name(sampler) == 'DefaultSampler':
        config.train_dataloader.sampler = ConfigDict(type='InfiniteSampler', shuffle=sampler.get('shuffle', True))


def _set_hooks(config: Config, iterations: int) -> None:
    hooks = {'checkpoint': ConfigDict(type='CheckpointHook'), **(config.get('default_hooks') or {})}
    if hooks['checkpoint']:  # a hook that is None is switched off
        hooks['checkpoint'] = ConfigDict(hooks['checkpoint'], by_epoch=False, interval=iterations)
    if hooks.get('logger'):
        interval = min(hooks['logger'].get('interval', 10), iterations // 10)
        hooks['logger'] = ConfigDict(hooks['logger'], interval=max(1, interval))
    config.default_hooks = hooks
    config.log_processor = ConfigDict(config.get('log_processor') or {'type': 'LogProcessor'}, by_epoch=False)


@dataclass(frozen=True)
class _Stretch:
    """Maps positions of the stock schedule to positions of the new one."""

    length: Length
    iterations: int
    warmup: int
    warmup_share: float

    def scheduler(self, config: ConfigDict) -> ConfigDict:
        new = copy.deepcopy(config)  # unlike {**config}, leaves the types of new-style configs as they are dumped
        by_epoch = config.get('by_epoch', True)
        if by_epoch and not self.length.by_epoch:
            return new  # counts epochs in a loop that has one: it never acts
        new.by_epoch = False
        new.pop('convert_to_iter_based', None)
        for key in _POSITIONS:
            if isinstance(config.get(key), int):
                new[key] = self.position(config[key], by_epoch)
        for key in _POSITION_LISTS:
            if key in config:
                new[key] = [self.position(value, by_epoch) for value in config[key]]
        return new

    def averaging(self, config: ConfigDict) -> ConfigDict:
        """Return an EMAHook that begins by iterations: MMEngine's refuses to count epochs in a run that has none."""
        new = copy.deepcopy(config)
        epoch, iteration = new.pop('begin_epoch', 0), new.get('begin_iter', 0)
        if epoch or iteration:
            new.begin_iter = self.position(epoch or iteration, by_epoch=bool(epoch))
        return new

    def position(self, value: int, by_epoch: bool) -> int:
        if value <= 0:
            return value
        if by_epoch == self.length.by_epoch and (by_epoch or value > self.warmup):
            return max(1, round(value * self.iterations / self.length.count))
        return max(1, min(value, int(self.iterations * self.warmup_share)))


def _acts(scheduler: Mapping[str, Any]) -> bool:
    """Whether a scheduler is long enough: one of a single iteration never takes its last step, a warm-up's to 1."""
    return scheduler.get('end') is None or scheduler['end'] - scheduler.get('begin', 0) > 1


def _is_warmup(scheduler: Mapping[str, Any], length: Length) -> bool:
    name = type_name(scheduler)
    begins, end = scheduler.get('begin', 0), scheduler.get('end')
    if begins != 0 or end is None or not (name in _WARMUPS or 'Warmup' in name):
        return False
    return scheduler.get('by_epoch', True) != length.by_epoch or end < length.count
