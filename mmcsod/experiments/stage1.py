"""The feature banks of an experiment, one a tap, extracted when first asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mmcsod.experiments.spec import FULL_SET, Experiment, Run
from mmcsod.features.bank import FeatureBank
from mmcsod.fileio import read_json, write_json


class TimedBank(NamedTuple):
    """A bank, and the seconds that its extraction took."""

    bank: FeatureBank
    seconds: float


class Banks:
    """Opens ``WORK_DIR/features_TAP``, extracting it first where it is not there.

    Args:
        experiment: Whose selector to use.
        work_dir: Folder of the experiment.
        train: Trains a run and returns its work dir, for a selector that has no checkpoint yet.
    """

    def __init__(self, experiment: Experiment, work_dir: Path, train: Callable[[Run], Path]) -> None:
        self._experiment = experiment
        self._work_dir = work_dir
        self._train = train
        self._open: dict[str, TimedBank] = {}

    def get(self, tap: str) -> TimedBank:
        """Return the bank of a tap.

        Raises:
            UserError: If the selector cannot be trained or the features cannot be extracted.
        """
        if tap not in self._open:
            directory = self._work_dir / f'features_{tap}'
            times = directory.with_suffix('.json')
            # Given weights may be others than last time, which extraction notices; a selector of our own is trusted,
            # so that a bank can be copied to another machine without its selector.
            if self._experiment.selector.checkpoint is not None or not (directory.exists() and times.exists()):
                checkpoint = self._checkpoint()
                start = time.perf_counter()
                self._extract(tap, directory, checkpoint)
                if not times.exists():
                    write_json(times, {'seconds': time.perf_counter() - start})
            self._open[tap] = TimedBank(FeatureBank.load(directory), read_json(times, 'a time')['seconds'])
        return self._open[tap]

    def _extract(self, tap: str, directory: Path, checkpoint: str) -> None:
        from mmcsod import register_all_modules
        from mmcsod.config import load_config
        from mmcsod.features.detector import build_detector
        from mmcsod.features.extract import ExtractionOptions, extract_bank

        register_all_modules()
        selector = self._experiment.selector
        cfg = load_config(selector.config, self._experiment.cfg_options)
        detector = build_detector(cfg, checkpoint)
        extract_bank(detector, cfg, directory, ExtractionOptions(
            tap=tap, keep_objects=True, keep_ignored=selector.keep_ignored, resume=True))

    def _checkpoint(self) -> str:
        selector = self._experiment.selector
        if selector.checkpoint is not None:
            return selector.checkpoint
        assert selector.detector is not None
        assert selector.iters is not None
        run = Run(selector.detector, FULL_SET, None, None, None, selector.iters, selector.seed)
        return str(self._train(run) / f'iter_{selector.iters}.pth')
