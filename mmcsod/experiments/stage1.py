"""The feature banks of an experiment, one a tap, extracted when first asked for."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mmcsod.experiments.spec import FULL_SET, Experiment, Run
from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json, write_json
from mmcsod.util.locks import locked
from mmcsod.util.provenance import json_values

if TYPE_CHECKING:
    from mmengine.config import Config


class TimedBank(NamedTuple):
    """A bank, and the seconds that its extraction took, None where it was finished before."""

    bank: FeatureBank
    seconds: float | None


class Banks:
    """Opens the finished bank that the experiment names, or ``WORK_DIR/features_TAP``, extracted when first asked for.

    ``train`` trains a run and returns its work dir, for a selecting detector without checkpoint.
    """

    def __init__(
        self, experiment: Experiment, work_dir: Path, train: Callable[[Run], Path], overwrite: bool = False
    ) -> None:
        self._experiment = experiment
        self._work_dir = work_dir
        self._train = train
        self._overwrite = overwrite
        self._open: dict[str, TimedBank] = {}

    def get(self, tap: str) -> TimedBank:
        """Return the bank of a tap; processes that share the folder extract it once."""
        if tap not in self._open and self._experiment.selector.bank is not None:
            self._open[tap] = TimedBank(_finished(self._experiment.selector.bank, tap), None)
        if tap not in self._open:
            with locked(self._work_dir / '.stage1.lock', 'Stage 1'):
                self._open[tap] = self._find_or_extract(tap)
        return self._open[tap]

    def _find_or_extract(self, tap: str) -> TimedBank:
        directory = self._work_dir / f'features_{tap}'
        note = directory.with_suffix('.json')
        # Extraction compares a given checkpoint's weights. A selecting detector trained here is known by its settings,
        # so that a bank can be copied to another machine without the detector.
        is_known = self._experiment.selector.checkpoint is None and directory.exists() and note.exists()
        change = self._change(directory, note) if is_known else None
        if change and not self._overwrite:
            raise UserError(
                f'{directory} was made with {change}; name another --work-dir, or replace it with --overwrite.'
            )
        if change or not is_known:
            self._extract_timed(tap, directory, note)
        return TimedBank(FeatureBank.load(directory), read_json(note, 'a note on a bank')['seconds'])

    def _extract_timed(self, tap: str, directory: Path, note: Path) -> None:
        checkpoint, before = self._checkpoint(tap), _written(directory)
        start = time.perf_counter()
        self._extract(tap, directory, checkpoint)
        seconds = time.perf_counter() - start
        if note.exists() and _written(directory) == before:  # other settings gave the same vectors
            seconds = read_json(note, 'a note on a bank')['seconds']
        write_json(note, {'seconds': seconds, 'settings': self._settings()})

    def _settings(self) -> dict[str, Any]:
        """Return what decides on the vectors, but for a given checkpoint's weights."""
        settings = asdict(self._experiment.selector) | {'cfg_options': dict(self._experiment.cfg_options)}
        return json_values({name: value for name, value in settings.items() if name != 'checkpoint'})

    def _change(self, directory: Path, note: Path) -> str | None:
        """Return what is different from when a bank was made, None if nothing is."""
        found, wanted = read_json(note, 'a note on a bank').get('settings', {}), self._settings()
        differing = [
            f'{name} {value}, now {wanted.get(name)}' for name, value in found.items() if value != wanted.get(name)
        ]
        if differing:
            return f'another selecting detector ({"; ".join(differing)})'
        return 'other images or annotations than the training set has now' if self._data_changed(directory) else None

    def _data_changed(self, directory: Path) -> bool:
        """Return whether images or annotations are others than when a bank was made; warn of changed image files."""
        from mmcsod.datasets.check import use_checked_labels
        from mmcsod.features.dataset import ExtractionDataset
        from mmcsod.features.reuse import warn_of_changed_files

        identity = FeatureBank.load(directory).provenance.get('identity', {})
        if 'dataset' not in identity:  # a bank made by hand
            return False
        selector, cfg = self._experiment.selector, self._config()
        use_checked_labels(cfg, self._work_dir / 'labels', ('train',))
        data = ExtractionDataset(cfg, keep_ignored=selector.keep_ignored)
        warn_of_changed_files(directory, data)
        return bool(identity['dataset'] != data.fingerprint())

    def _extract(self, tap: str, directory: Path, checkpoint: str) -> None:
        from mmcsod.features.detector import build_tap
        from mmcsod.features.extract import extract_features
        from mmcsod.features.options import ExtractionOptions

        selector, cfg = self._experiment.selector, self._config()
        options = ExtractionOptions(
            tap=tap, keep_objects=True, keep_ignored=selector.keep_ignored, resume=True, overwrite=self._overwrite
        )
        extract_features(build_tap(cfg, checkpoint, name=tap), cfg, directory, options)

    def _checkpoint(self, tap: str) -> str:
        selector = self._experiment.selector
        if selector.checkpoint is not None:
            return selector.checkpoint
        self._check_tap(tap)
        assert selector.detector is not None
        assert selector.iters is not None
        run = Run(selector.detector, FULL_SET, None, None, None, selector.iters, selector.seed)
        return str(self._train(run) / f'iter_{selector.iters}.pth')

    def _check_tap(self, tap: str) -> None:
        """Refuse a tap that the selecting detector lacks, before the detector is trained."""
        from mmcsod.features.detector import untrained_detector
        from mmcsod.features.taps import attach_tap

        attach_tap(untrained_detector(self._config(), tap), tap)

    def _config(self) -> 'Config':
        from mmcsod.util.config import load_config

        return load_config(self._experiment.selector.config, self._experiment.cfg_options)


def _finished(folder: str, tap: str) -> FeatureBank:
    bank = FeatureBank.load(folder)
    found = bank.provenance.get('identity', {}).get('tap')
    if tap not in ('auto', found):
        raise UserError(
            f"The bank {folder} was read at the tap '{found}' and the experiment asks for '{tap}'; leave "
            "'taps' out of its grid."
        )
    return bank


def _written(directory: Path) -> int | None:
    """Return when a bank was written, None if there is none."""
    meta = directory / 'meta.json'
    return meta.stat().st_mtime_ns if meta.exists() else None
