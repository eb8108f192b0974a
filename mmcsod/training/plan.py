"""What a run is going to do, in numbers, before it does it."""

from dataclasses import dataclass
from typing import Any

from mmengine.config import Config
from tabulate import tabulate

from mmcsod.datasets import leaf_datasets
from mmcsod.training.config import base_batch_size
from mmcsod.training.schedule import batch_size, count_iterations, schedule_length, warmup_end
from mmcsod.util.config import type_name
from mmcsod.util.errors import UserError

_MANY_EPOCHS = 500


@dataclass(frozen=True)
class Plan:
    """The size of a training run.

    Attributes:
        images: Images left to train on.
        samples: Length of the training dataset, repetitions included: the samples of an epoch.
        batch: Samples an iteration, over all processes.
        iterations: Iterations of the run.
        warmup: Iterations of them until the warm-up ends.
        lr: Learning rate after warm-up, scaled to the batch if that was asked for.
        stock_batch: The batch that the config's learning rate is meant for, if it says so.
        scaled: Whether ``lr`` was scaled from ``stock_batch`` to ``batch``.
        epoch_hooks: Hooks that count the epochs of a run that counts iterations.
    """

    images: int
    samples: int
    batch: int
    iterations: int
    warmup: int
    lr: float | None
    stock_batch: int | None
    scaled: bool
    epoch_hooks: tuple[str, ...] = ()

    @property
    def epochs(self) -> float:
        """How often the run sees each sample."""
        return self.iterations * self.batch / self.samples

    def table(self) -> str:
        """Return the plan as a text table."""
        rows: list[tuple[str, Any]] = [
            ('images', self.images),
            ('iterations', f'{self.iterations:,} of {self.batch} images'),
            ('epochs', f'{self.epochs:.1f}' + (f' of {self.samples:,} samples' if self.samples != self.images else '')),
            ('warm-up', f'{self.warmup} iterations, {self.warmup / self.iterations:.0%} of the run'),
        ]
        if self.lr is not None:
            rows.append(('learning rate', f'{self.lr:.3g}, {self.lr / self.batch:.3g} per image in a batch'))
        return tabulate(rows, tablefmt='plain')

    def warnings(self) -> list[str]:
        """Return what makes no sense in this run, one sentence each."""
        found = []
        if self.warmup >= self.iterations:
            found.append(
                f'All {self.iterations:,} iterations lie inside the {self.warmup}-iteration warm-up; '
                'pass --iters to fit the schedule to so few images.'
            )
        elif self.warmup > self.iterations / 2:
            found.append(
                f'The warm-up takes {self.warmup} of {self.iterations:,} iterations; '
                'pass --iters to fit the schedule to so few images.'
            )
        if self.epochs > _MANY_EPOCHS:
            found.append(
                f'{self.iterations:,} iterations show each image {self.epochs:,.0f} times; '
                'fewer may do (--iters; the paper takes 1,000 iterations for 200 images).'
            )
        if self.lr is not None and self.stock_batch and not self.scaled and self.batch != self.stock_batch:
            found.append(
                f'The learning rate {self.lr:g} is meant for batches of {self.stock_batch} images and this '
                f'run has {self.batch}; pass --auto-scale-lr to scale it.'
            )
        found += [
            f'{hook} counts epochs, and to MMEngine a run that counts iterations is a single one: the hook acts '
            'from the first iteration or never; see its settings.'
            for hook in self.epoch_hooks
        ]
        return found


def make_plan(config: Config, dataset: Any, launcher: str = 'none') -> Plan:
    """Count what a run of ``config`` is going to do."""
    _check_sources(config, dataset)
    stock_batch = base_batch_size(config)
    scaled = bool(stock_batch and config.auto_scale_lr.get('enable'))
    lr = config.get('optim_wrapper', {}).get('optimizer', {}).get('lr')
    batch, length = batch_size(config, launcher), schedule_length(config)
    hooks = config.get('custom_hooks') or []
    iterations = count_iterations(config, len(dataset), launcher)
    return Plan(
        images=sum(len(leaf) for leaf in leaf_datasets(dataset)),
        samples=len(dataset),
        batch=batch,
        iterations=iterations,
        warmup=warmup_end(config, iterations // length.count),
        lr=lr * batch / stock_batch if scaled and lr is not None else lr,
        stock_batch=stock_batch,
        scaled=scaled,
        epoch_hooks=() if length.by_epoch else tuple(type_name(hook) for hook in hooks if 'epoch' in ' '.join(hook)),
    )


def _check_sources(config: Config, dataset: Any) -> None:
    sampler = config.train_dataloader.get('sampler') or {}
    if 'MultiSource' not in type_name(sampler):
        return
    for index, source in enumerate(dataset.datasets):
        if not len(source):
            raise UserError(
                f'The coreset has no image of dataset {index} of the ConcatDataset, and '
                f'{type_name(sampler)} would wait for one forever; select more images or take another '
                'sampler.'
            )
