"""How long a run is: epochs or iterations, and how many samples an iteration takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from mmcsod.util.errors import UserError
from mmcsod.util.launcher import world_size


@dataclass(frozen=True)
class Length:
    """How long a training loop runs: ``count`` epochs, or ``count`` iterations."""

    count: int
    by_epoch: bool


def schedule_length(config: Config) -> Length:
    """Return the length of the config's training loop.

    Raises:
        UserError: If ``train_cfg`` says neither ``max_epochs`` nor ``max_iters``.
    """
    loop = config.get('train_cfg') or {}
    if loop.get('max_iters'):
        return Length(loop['max_iters'], by_epoch=False)
    if loop.get('max_epochs'):
        return Length(loop['max_epochs'], by_epoch=True)
    raise UserError(
        'The config has no train_cfg with max_epochs or max_iters, so it cannot be trained; give a training config.'
    )


def count_iterations(config: Config, samples: int, launcher: str = 'none') -> int:
    """Return the iterations of the config's schedule on ``samples`` samples; an epoch's last batch may be smaller.

    Raises:
        UserError: If the data loader drops an epoch's last batch, and it is the only one.
    """
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
    """Return the samples of an iteration, over all processes that the launcher has started.

    Raises:
        UserError: If the config has none, or the launcher has not started this process.
    """
    batch = config.train_dataloader.get('batch_size')
    if not isinstance(batch, int) or batch < 1:
        raise UserError(
            f'train_dataloader.batch_size is {batch}, so the config cannot be trained; give a number of images, 1 '
            'or more.'
        )
    return batch * world_size(launcher)


def _drops_last(loader: Mapping[str, Any]) -> bool:
    return bool(loader.get('drop_last') or (loader.get('batch_sampler') or {}).get('drop_last'))
