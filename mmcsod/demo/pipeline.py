"""The whole pipeline: train, select, retrain, compare.

Each step is the command line that a user would type, so that the demo exercises nothing of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from mmcsod.demo.comparison import Run, write_comparison
from mmcsod.demo.jobs import Job, run_jobs
from mmcsod.demo.scenarios import WORK_DIR, Scenario
from mmcsod.records.bank import FeatureBank


def run_demo(scenario: Scenario) -> str:
    """Run the demo in ``work_dirs/demo`` below the current folder.

    Args:
        scenario: What to run it on.

    Returns:
        The table that was printed.

    Raises:
        UserError: If the data is missing or a step fails; the message names its log.
    """
    data = scenario.prepare()
    shutil.rmtree(WORK_DIR / 'runs', ignore_errors=True)
    number, seeds = scenario.num_images, scenario.seeds
    print(
        f'mmcsod demo on {scenario.images}.\nA detector is trained on all images. It selects {number} of them. Then '
        f'detectors are trained on those\n{number} and on {number} that are drawn at random, with {len(seeds)} '
        f'seed{"s" * (len(seeds) > 1)} each.'
    )
    full = [_training(scenario, 'full', seed, None) for seed in seeds]
    run_jobs('1/5 train on all images', [job for _, job in full])
    selection = run_jobs('2/5 extract features, select', [_selection(full[0][0], scenario)])
    draws = {seed: _uniform(scenario, seed) for seed in seeds}
    run_jobs('3/5 draw random subsets', [job for _, job in draws.values()])
    subsets = [_training(scenario, 'csod', seed, _run_dir('csod') / 'coreset.json') for seed in seeds]
    subsets += [_training(scenario, 'uniform', seed, draws[seed][0]) for seed in seeds]
    run_jobs(f'4/5 train on {number} images, {len(subsets)} runs', [job for _, job in subsets])
    run_jobs('5/5 report', [_report(data, [draws[seeds[0]][0]])])
    bank = FeatureBank.load(_run_dir('csod') / 'features')
    return write_comparison(WORK_DIR, data, bank, [run for run, _ in (*subsets, *full)], selection)


def _training(scenario: Scenario, method: str, seed: int, coreset: Path | None) -> tuple[Run, Job]:
    run = Run(method, seed, coreset, _run_dir(f'{method}-seed{seed}'))
    subset = ('--full',) if coreset is None else (str(coreset),)
    iters = scenario.full_iters if coreset is None else scenario.subset_iters
    return run, Job(
        name=f'training on {method} with seed {seed}',
        arguments=(
            '-m',
            'mmcsod',
            'retrain',
            scenario.config,
            *subset,
            '--iters',
            str(iters),
            '--seed',
            str(seed),
            '--work-dir',
            str(run.directory),
        ),
        log=run.directory.with_suffix('.log'),
        pattern=r'Iter\(train\)\s*\[\s*(\d+)/',
        total=iters,
    )


def _selection(trained: Run, scenario: Scenario) -> Job:
    checkpoint = (trained.directory / 'last_checkpoint').read_text(encoding='utf-8').strip()
    return _select('csod', [scenario.config, checkpoint, '--work-dir', str(_run_dir('csod'))], scenario)


def _uniform(scenario: Scenario, seed: int) -> tuple[Path, Job]:
    path = _run_dir('uniform') / f'coreset-seed{seed}.json'
    bank = str(_run_dir('csod') / 'features')
    return path, _select(
        f'uniform-select-seed{seed}',
        ['--bank', bank, '--method', 'uniform', '--seed', str(seed), '--out', str(path)],
        scenario,
    )


def _select(name: str, arguments: Iterable[str], scenario: Scenario) -> Job:
    return Job(
        name=f'selecting ({name})',
        arguments=('-m', 'mmcsod', 'select', *arguments, '--num-images', str(scenario.num_images)),
        log=_run_dir(name).with_suffix('.log'),
        pattern=r'(\d+)%\|',
        total=100,
    )


def _report(data: Path, others: Iterable[Path]) -> Job:
    csod = _run_dir('csod')
    return Job(
        name='writing the report',
        arguments=(
            '-m',
            'mmcsod',
            'report',
            str(csod / 'features'),
            str(csod / 'coreset.json'),
            *map(str, others),
            '--data-root',
            str(data),
            '--out',
            str(WORK_DIR / 'report.html'),
        ),
        log=_run_dir('report.log'),
        pattern=r'(\d+)%\|',
        total=100,
    )


def _run_dir(name: str) -> Path:
    return WORK_DIR / 'runs' / name
