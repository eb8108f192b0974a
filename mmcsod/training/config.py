"""Putting a coreset into a config."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config, ConfigDict

from mmcsod.config import training_set, type_name
from mmcsod.datasets.ids import nested_configs
from mmcsod.errors import UserError

CUSTOM_IMPORTS = ('mmcsod',)


def wrap_training_set(config: Config, coreset: str | Path, num_images: int | None = None) -> None:
    """Put a ``CoresetDataset`` around the training dataset of ``config``, in place; nothing else is touched.

    Args:
        config: A config with a ``train_dataloader``.
        coreset: Path of the coreset file.
        num_images: Use only the first so many picks.

    Raises:
        UserError: If the config has no training dataset, or holds a coreset already.
    """
    dataset = training_set(config)
    if any(type_name(wrapper) == 'CoresetDataset' for wrapper in nested_configs(dataset)):
        raise UserError('The config wraps its training set in a CoresetDataset already; '
                        'give the config of the full training set.')
    wrapped = {'type': 'CoresetDataset', 'coreset': str(coreset), 'dataset': dataset}
    if num_images is not None:
        wrapped['num_images'] = num_images
    config.train_dataloader.dataset = ConfigDict(wrapped)


def drop_extraction(config: Config) -> None:
    """Drop ``GTRoIFeatureHook`` from ``config``, in place.

    It reads the whole training set whatever the detector was trained on, and would replace the coreset in use.
    """
    hooks = config.get('custom_hooks') or []
    config.custom_hooks = [hook for hook in hooks if type_name(hook) != 'GTRoIFeatureHook']


def add_imports(config: Config) -> None:
    """Make a dumped ``config`` register this package's modules by itself, where MMEngine's runner looks for them."""
    imports = config.get('custom_imports') or {}
    names = imports.get('imports', [])
    names = [names] if isinstance(names, str) else list(names)
    config.custom_imports = {
        'imports': names + [name for name in CUSTOM_IMPORTS if name not in names],
        'allow_failed_imports': imports.get('allow_failed_imports', False)}
    if not config.get('default_scope'):  # new-style configs, which name classes, need none
        config.default_scope = 'mmdet'


def base_batch_size(config: Config) -> int | None:
    """Return the batch that the config's learning rate is meant for, if it says so."""
    return (config.get('auto_scale_lr') or {}).get('base_batch_size')
