"""A hook that leaves a feature bank, and a coreset, in the work dir of a training or test run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdet.registry import HOOKS
from mmengine.hooks import EMAHook, Hook
from mmengine.model import is_model_wrapper

from mmcsod.datasets.ids import leaf_datasets
from mmcsod.features.options import ExtractionOptions
from mmcsod.labels.check.findings import refuse_errors
from mmcsod.records.bank import FeatureBank
from mmcsod.report.image_table import write_table
from mmcsod.report.leak import leak_file, remove_leaks
from mmcsod.selection.budget import Budget
from mmcsod.selection.coreset_files import save_coresets
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection
from mmcsod.util.distributed import is_first
from mmcsod.util.errors import check_options

if TYPE_CHECKING:
    from mmengine.runner import Runner
    from torch import nn

logger = logging.getLogger('mmcsod')

EXTRACTION = [option.name for option in fields(ExtractionOptions)]
SELECTION = [option.name for option in fields(SelectionOptions) if option.name not in EXTRACTION]
BUDGETS = [option.name for option in fields(Budget)]


@HOOKS.register_module()
class GTRoIFeatureHook(Hook):
    """Extract ground-truth RoI features of the training set (section 3.3) and select a coreset from them.

    Put into ``custom_hooks``, it runs when training ends, or in ``tools/test.py`` when testing ends, on the weights the
    runner then has; where an ``EMAHook`` averages weights, on the averaged ones. The bank goes to
    ``WORK_DIR/features``, the coreset to ``WORK_DIR/coreset.json`` with its list and table beside it; all replace those
    of an earlier run.

    Args:
        num_images: N of Algorithm 1. Without it, ``ratio`` and ``num_objects``, the bank is left alone and nothing is
            selected.
        out_dir: Where to write; the work dir by default.
        **options: Fields of :class:`mmcsod.selection.options.SelectionOptions`, such as ``method``, and of
            :class:`mmcsod.features.options.ExtractionOptions`, such as ``tap``. With a method that needs the vectors of
            objects, ``keep_objects`` is on.

    Raises:
        UserError: If an option is unfit whatever the detector and the images are.
    """

    priority = 'VERY_LOW'

    def __init__(self, num_images: int | None = None, *, out_dir: str | None = None, **options: Any) -> None:
        check_options(options, [*SELECTION, 'out_dir', *EXTRACTION], 'GTRoIFeatureHook')
        options['num_images'] = num_images
        extraction = {name: value for name, value in options.items() if name in EXTRACTION}
        self.selection = None
        # Nobody should find out after training that an option is unfit.
        if any(options.get(name) is not None for name in BUDGETS):
            self.selection = SelectionOptions(**{name: options[name] for name in SELECTION if name in options})
            extraction |= self.selection.extraction(options.get('predictions'))
        self.out_dir = out_dir
        self.options = ExtractionOptions(**{'overwrite': True, 'resume': True, **extraction})

    def before_run(self, runner: Runner) -> None:
        """Refuse a tap that the detector lacks now rather than after hours of training."""
        from mmcsod.features.taps import attach_tap
        from mmcsod.features.wrapped_detectors import inner_detector

        attach_tap(inner_detector(_unwrapped(runner.model)), self.options.tap)

    def before_train(self, runner: Runner) -> None:
        """Refuse labels and class names now that would be refused after hours of training.

        Predictions take the place of labels where they are given, and are checked once training has ended.
        """
        from mmcsod.datasets.check import BY_IMAGE, check_config
        from mmcsod.datasets.classes import check_classes

        if self.options.predictions is None:
            refuse_errors([one for file in check_config(runner.cfg, ('train',)) for one in file.findings], BY_IMAGE)
        for leaf in leaf_datasets(runner.train_dataloader.dataset):
            check_classes(leaf, self.options.allow_missing_classes)

    def after_train(self, runner: Runner) -> None:
        """Extract and select once training has ended."""
        self._run(runner)

    def after_test(self, runner: Runner) -> None:
        """Extract and select once testing has ended."""
        self._run(runner)

    def _run(self, runner: Runner) -> None:
        from mmcsod.features.extract import extract_features
        from mmcsod.features.taps import attach_tap
        from mmcsod.features.wrapped_detectors import inner_detector

        directory = Path(self.out_dir or runner.work_dir)
        with _logging_through(runner):
            tap = attach_tap(inner_detector(_trained_model(runner)), self.options.tap)
            bank = extract_features(tap, runner.cfg, directory / 'features', self.options)
            logger.info('Feature bank of %d rows: %s', len(bank), directory / 'features')
            if self.selection is not None and is_first():
                self._select(bank, self.selection, directory / 'coreset.json')

    def _select(self, bank: FeatureBank, options: SelectionOptions, path: Path) -> None:
        selection = run_selection(bank, options)
        save_coresets([selection.coreset], path, overwrite=True)
        write_table(path.with_suffix('.csv'), bank, selection.coreset)
        remove_leaks(leak_file(path))  # of an earlier coreset
        for sentence in selection.warnings:
            logger.warning('%s', sentence)
        logger.info('Coreset of %d images: %s', len(selection.coreset), path)


@contextlib.contextmanager
def _logging_through(runner: Runner) -> Iterator[None]:
    """Lend mmcsod's logger the runner's handlers, so that its lines reach the console and the work dir's log."""
    lent = [handler for handler in runner.logger.handlers if handler not in logger.handlers]
    level = logger.level
    logger.setLevel(logging.INFO)
    for handler in lent:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in lent:
            logger.removeHandler(handler)


def _trained_model(runner: Runner) -> nn.Module:
    """Return the averaged model where there is one: EMAHook does not swap it in for ``after_train``."""
    for hook in runner.hooks:
        if isinstance(hook, EMAHook) and hasattr(hook, 'ema_model'):
            return _unwrapped(hook.ema_model.module)
    return _unwrapped(runner.model)


def _unwrapped(model: Any) -> nn.Module:
    return model.module if is_model_wrapper(model) else model
