"""Putting a coreset, and what else a training is asked for, into a config."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from mmcsod.datasets.ids import nested_configs
from mmcsod.training.options import RetrainOptions
from mmcsod.training.schedule import schedulers, warmup_end
from mmcsod.util.config import training_set, type_name
from mmcsod.util.errors import UserError

GENTLE_WARMUP_SHARE = 0.2
"""Share of the run that a gentle warm-up takes where the config has none, and may take where it has one."""

CLIP_GRAD = {'max_norm': 35, 'norm_type': 2}
"""What MMDetection's FCOS configs clip to."""


def wrap_training_set(config: Config, coreset: str | Path, num_images: int | None = None) -> None:
    """Put a ``CoresetDataset`` around the training dataset of ``config``, in place; nothing else is touched."""
    dataset = training_set(config)
    if any(type_name(wrapper) == 'CoresetDataset' for wrapper in nested_configs(dataset)):
        raise UserError(
            'The config wraps its training set in a CoresetDataset already; give the config of the full training set.'
        )
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
    merge_imports(config, {'imports': 'mmcsod'})
    if not config.get('default_scope'):  # new-style configs, which name classes, need none
        config.default_scope = 'mmdet'


def merge_imports(config: Config, more: Mapping[str, Any]) -> None:
    """Add to the ``custom_imports`` of ``config``, in place, those of another config."""
    own = config.get('custom_imports') or {}
    names = dict.fromkeys([*_names(own), *_names(more)])
    if names:
        config.custom_imports = {
            'imports': list(names),
            'allow_failed_imports': own.get('allow_failed_imports', more.get('allow_failed_imports', False)),
        }


def _names(imports: Mapping[str, Any]) -> list[str]:
    names = imports.get('imports', ())
    return [names] if isinstance(names, str) else list(names)


def set_training_options(config: Config, options: RetrainOptions) -> None:
    """Put into ``config``, in place, what the options say of anything but the schedule and the data."""
    config.launcher = options.launcher
    config.custom_hooks = [*(config.get('custom_hooks') or []), ConfigDict(type='CheckInvalidLossHook', interval=1)]
    if options.seed is not None:
        config.randomness = ConfigDict(config.get('randomness', {}), seed=options.seed)
    if options.amp:
        config.optim_wrapper.type = 'AmpOptimWrapper'
        config.optim_wrapper.loss_scale = 'dynamic'
    if options.auto_scale_lr:
        _scale_learning_rate(config)
    _set_resume(config, options.resume)


def _scale_learning_rate(config: Config) -> None:
    if not base_batch_size(config):
        raise UserError(
            '--auto-scale-lr needs auto_scale_lr.base_batch_size in the config, and it has none; '
            'set the learning rate with --cfg-options.'
        )
    config.auto_scale_lr.enable = True


def _set_resume(config: Config, resume: str | None) -> None:
    if resume is not None:
        config.resume = True
        config.load_from = None if resume == 'auto' else resume
    elif config.get('resume'):  # a run on the full set that was resumed: its checkpoint is of the end of that training
        config.resume, config.load_from = False, None


def config_path(config: Config) -> Path:
    """Return where the resolved config goes, and where MMEngine's runner writes it too."""
    return Path(config.work_dir) / Path(config.filename).name


def base_batch_size(config: Config) -> int | None:
    """Return the batch that the config's learning rate is meant for, if it says so."""
    return (config.get('auto_scale_lr') or {}).get('base_batch_size')


def is_one_stage(config: Config) -> bool:
    """Whether the detector, or the one inside a semi-supervised or distilling wrapper, has no RoI head."""
    model = config.get('model', {})
    return 'roi_head' not in model.get('detector', model)


def make_gentle(config: Config, iterations: int) -> None:
    """Clip gradients, warm up, and scale the learning rate to the batch, where the config does not yet; in place.

    Section 4.8: RetinaNet and FCOS "often encountered training issues due to loss explosion when following their
    respective default hyperparameters", so the paper "adjusted the hyperparameters, such as the learning rate and
    gradient clipping"; its values (section S4) are not in the main text. These are MMDetection's own remedies.
    """
    if config.get('optim_wrapper') and not config.optim_wrapper.get('clip_grad'):
        config.optim_wrapper.clip_grad = ConfigDict(CLIP_GRAD)
    if base_batch_size(config):
        config.auto_scale_lr.enable = True
    if not warmup_end(config, 1):
        end = max(2, int(iterations * GENTLE_WARMUP_SHARE))  # shorter ones never end
        warmup = ConfigDict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=end)
        config.param_scheduler = [warmup, *schedulers(config)]
