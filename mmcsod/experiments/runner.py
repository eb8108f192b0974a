"""Work through an experiment's runs, skipping those that have a result line."""

import logging
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from mmcsod.experiments.metric import check_metric
from mmcsod.experiments.results import append_result, read_results
from mmcsod.experiments.spec import FULL_SET, Experiment, Run
from mmcsod.experiments.stage1 import Banks
from mmcsod.experiments.training_run import Progress, train_in_process
from mmcsod.records.bank import FeatureBank
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection
from mmcsod.util.errors import UserError
from mmcsod.util.locks import locked
from mmcsod.util.provenance import json_values, versions, weights_digest

logger = logging.getLogger('mmcsod')

SECONDS_IN_FILES = 10
"""Between two states of the bar where it goes to a file."""


class ExperimentRunner:
    """Selects, retrains and evaluates."""

    def __init__(
        self, experiment: Experiment, work_dir: str | Path, results: str | Path, overwrite: bool = False
    ) -> None:
        self._experiment = experiment
        self._work_dir = Path(work_dir)
        self._results = Path(results)
        self._banks = Banks(experiment, self._work_dir, self._train_selector, overwrite)

    def run(self, shard: tuple[int, int] = (1, 1)) -> list[str]:
        """Do every n-th run that is left, from the i-th, for a ``shard`` (i, n); return what went wrong.

        A run that fails is left out, to be tried again next time.
        """
        todo = [run for run in self._experiment.runs[shard[0] - 1 :: shard[1]] if run not in self._done()]
        check_metric(self._experiment, dict.fromkeys(run.detector for run in todo))
        for tap in dict.fromkeys(run.tap for run in todo if run.tap is not None):
            self._banks.get(tap)  # before the bar, whose estimate is of training alone
        failures: list[str] = []
        total = sum(run.iters for run in todo)
        with _bar(self._experiment.name, total) as bar:
            for number, run in enumerate(todo, 1):
                bar.set_postfix_str(f'run {number} of {len(todo)}, {run.name}')
                move = _mover(bar)
                if self._do(run, failures, move):
                    move(run.iters)
                else:
                    total -= run.iters
                    bar.total = total
        return failures

    def _done(self) -> Mapping[Run, Any]:
        return read_results(self._results, self._experiment.name)

    def _do(self, run: Run, failures: list[str], progress: Progress) -> bool:
        """Do a run and return True; False if another process that shares the folder is at it or has done it."""
        with locked(self._lock(run)) as is_ours:
            if not is_ours or run in self._done():
                return False
            try:
                outcome = self._outcome(run, progress)
            except UserError as error:
                logger.warning('%s', error)
                failures.append(str(error))
            else:
                append_result(self._results, self._experiment.name, run, outcome)
            return True

    def _outcome(self, run: Run, progress: Progress) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        coreset = None
        if run.tap is not None:
            bank = self._banks.get(run.tap)
            coreset = self._work_dir / 'coresets' / f'{run.coreset_name}.json'
            seconds = None if bank.seconds is None else round(bank.seconds, 2)
            facts = select(bank.bank, run, coreset) | {'extraction_seconds': seconds}
        result = self._train(run, coreset, progress)
        metrics = self._metrics(run, result['metrics'])
        self._drop_checkpoints(run)
        return {
            'metrics': metrics,
            'images': result['images'],
            **facts,
            'training_minutes': round(result['minutes'], 2),
            'config': self._experiment.detectors[run.detector],
            'cfg_options': json_values(dict(self._experiment.cfg_options)),
            'finished': time.strftime('%Y-%m-%dT%H:%M:%S%z'),
            'versions': surroundings(),
        }

    def _metrics(self, run: Run, metrics: Mapping[str, float | None]) -> Mapping[str, float | None]:
        """Return the metrics of a run; 0 for a detector that found nothing, of which mmdet's CocoMetric gives none."""
        if not metrics:
            logger.warning(
                "The detector of the run %s found nothing; its '%s' is 0.", run.name, self._experiment.metric
            )
            return {self._experiment.metric: 0.0}
        if self._experiment.metric not in metrics:
            raise UserError(
                f"The run {run.name} has no metric '{self._experiment.metric}'; the experiment's metric "
                f'must be one of {", ".join(metrics)}.'
            )
        return metrics

    def _train(self, run: Run, coreset: Path | None, progress: Progress) -> Mapping[str, Any]:
        return train_in_process(
            self._folder(run),
            self._experiment.detectors[run.detector],
            coreset,
            {'iters': run.iters, 'seed': run.seed, 'cfg_options': dict(self._experiment.cfg_options)},
            progress,
        )

    def _train_selector(self, run: Run) -> Path:
        logger.info('Training the selecting detector on the full set, %d iterations.', run.iters)
        with locked(self._lock(run), f'the run {run.name}'), _bar('selecting detector', run.iters) as bar:
            move = _mover(bar)
            self._train(run, None, move)
            move(run.iters)
        return self._folder(run)

    def _lock(self, run: Run) -> Path:
        return self._work_dir / 'runs' / f'.{run.name}.lock'

    def _folder(self, run: Run) -> Path:
        return self._work_dir / 'runs' / run.name

    def _drop_checkpoints(self, run: Run) -> None:
        selector = self._experiment.selector
        if (run.method, run.detector, run.seed) != (FULL_SET, selector.detector, selector.seed):
            for path in self._folder(run).glob('*.pth'):
                path.unlink()


def _bar(title: str, total: int) -> tqdm:
    return tqdm(
        total=total, desc=title, unit='iter', smoothing=0, mininterval=0.1 if sys.stderr.isatty() else SECONDS_IN_FILES
    )


def _mover(bar: tqdm) -> Progress:
    """Return what moves a bar to so many iterations after where it is now."""
    start = bar.n
    return lambda done: bar.update(start + done - bar.n)


def select(bank: FeatureBank, run: Run, path: Path) -> dict[str, Any]:
    """Select a run's coreset, write it to ``path``, and return the facts of it that a result line holds."""
    start = time.perf_counter()
    lam = 'auto' if run.lam in (None, 'coverage') else run.lam
    options = SelectionOptions(run.num_images, method=run.method, seed=run.seed, lam=lam, turns=run.turns)
    coreset = run_selection(bank, options).coreset
    seconds = time.perf_counter() - start
    coreset.save(path)
    identity = bank.provenance.get('identity', {})
    return {
        'objects': int(bank.object_counts[bank.mask(coreset.image_ids)].sum()),
        'lam_used': coreset.parameters.get('lam'),
        'selection_seconds': round(seconds, 4),
        'selector': {**{name: identity.get(name) for name in ('tap', 'dataset')}, 'weights': weights_digest(identity)},
    }


def surroundings() -> dict[str, str]:
    """Return the versions and the kind of device that a result was made with."""
    return {**versions(), 'python': platform.python_version(), 'device': _device()}


def _device() -> str:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    # Another instruction set rounds otherwise, so that one seed gives other weights.
    instructions = f' with {torch.backends.cpu.get_cpu_capability()}' if hasattr(torch.backends, 'cpu') else ''
    return f'CPU{instructions}, {torch.get_num_threads()} threads'
