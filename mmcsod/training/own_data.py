"""A stock model and schedule on the data of one's own config."""

import copy
import math

from mmengine.config import Config, ConfigDict

from mmcsod.training.config import merge_imports
from mmcsod.training.schedule import schedule_length
from mmcsod.util.config import box_classes, class_holders, training_set, type_name
from mmcsod.util.errors import UserError

PARTS = (
    'train_dataloader',
    'val_dataloader',
    'val_cfg',
    'val_evaluator',
    'test_dataloader',
    'test_cfg',
    'test_evaluator',
)
"""What is taken from one's own config, pipelines and image sizes included."""

PIPELINE_HOOKS = ('PipelineSwitchHook', 'YOLOXModeSwitchHook')
"""Hooks that change the stock config's pipeline in its last epochs, and fail on any other."""

BATCH_RESIZES = ('BatchSyncRandomResize',)
"""Augmentations of whole batches that give images the stock config's sizes."""


def take_data(config: Config, data: Config) -> None:
    """Put the datasets, dataloaders and evaluators of ``data``, one's own config, into ``config``, in place."""
    training_set(data)
    for part in PARTS:
        config[part] = copy.deepcopy(data.get(part))
    merge_imports(config, data.get('custom_imports') or {})


def fit_to_data(config: Config, data: Config) -> None:
    """Take out of ``config`` what only fits its own pipelines, in place: see :data:`PIPELINE_HOOKS` and the like.

    Images are padded to a multiple that both configs ask for. An InfiniteSampler, of which an epoch has no end, is
    replaced where the stock schedule counts epochs.
    """
    config.custom_hooks = [hook for hook in config.get('custom_hooks') or [] if type_name(hook) not in PIPELINE_HOOKS]
    preprocessor, own = config.model.get('data_preprocessor'), data.get('model', {}).get('data_preprocessor') or {}
    if preprocessor:
        preprocessor.pad_size_divisor = math.lcm(
            preprocessor.get('pad_size_divisor', 1), own.get('pad_size_divisor', 1)
        )
        if preprocessor.get('batch_augments'):
            preprocessor.batch_augments = [
                augment for augment in preprocessor.batch_augments if type_name(augment) not in BATCH_RESIZES
            ] or None
    sampler = config.train_dataloader.get('sampler')
    if sampler and type_name(sampler) == 'InfiniteSampler' and schedule_length(config).by_epoch:
        config.train_dataloader.sampler = ConfigDict(type='DefaultSampler', shuffle=sampler.get('shuffle', True))


def set_num_classes(config: Config, number: int) -> None:
    """Set the number of classes wherever the model has that of its box head, in place.

    RPN heads are left alone: they tell objects from the rest.
    """
    holders = list(class_holders(config.model))
    if not holders:
        raise UserError(
            'The model has no num_classes to set to that of the data; set what it has in its place with '
            '--cfg-options, or write a config for it.'
        )
    heads = [holder for name, holder in holders if name == 'bbox_head'] or [holder for _, holder in holders]
    stock = heads[0]['num_classes']
    for _, holder in holders:
        if holder['num_classes'] == stock:
            holder['num_classes'] = number


def refuse_other_number(config: Config, number: int) -> None:
    """Refuse a box head with more or fewer classes than the data."""
    head = box_classes(config)
    if number and head is not None and head != number:
        raise UserError(
            f"The data have {number} classes and the model's box head {head}, which ends in an IndexError, often "
            'after the training; set num_classes of the heads with --cfg-options, or pass --data.'
        )
