"""The whole pipeline on rendered images: train, select, retrain, compare.

Each step is the command line that a user would type, so the demo exercises nothing of its own but the rendering.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mmcsod.demo.comparison import Run, write_report
from mmcsod.demo.dataset import Recipe, render_dataset
from mmcsod.demo.jobs import Job, run_jobs

CONFIG = 'mmcsod::demo/faster-rcnn_r18-w16_fpn_demo.py'
WORK_DIR = Path('work_dirs/demo')  # relative, as the config's data_root


@dataclass(frozen=True)
class DemoPlan:
    """How large the demo is.

    Attributes:
        recipe: The rendered dataset.
        num_images: Size of the coreset and of the random subset.
        full_iters: Iterations on the full training set.
        subset_iters: Iterations on each subset.
        seeds: Seeds of the trainings, and of the random draws.
    """

    recipe: Recipe = field(default_factory=Recipe)
    num_images: int = 60
    full_iters: int = 500
    subset_iters: int = 250
    seeds: tuple[int, ...] = (0, 1)


def run_demo(plan: DemoPlan | None = None) -> str:
    """Run the demo in ``work_dirs/demo`` below the current folder.

    Args:
        plan: How large it is.

    Returns:
        The table that was printed.

    Raises:
        UserError: If a step fails; the message names its log.
    """
    plan = plan or DemoPlan()
    shutil.rmtree(WORK_DIR / 'runs', ignore_errors=True)
    print('mmcsod demo: a detector is trained on rendered images, a coreset is selected with it, and both the coreset\n'
          f'and random subsets of {plan.num_images} of {plan.recipe.train_images} images are trained on from scratch.')
    data = render_dataset(WORK_DIR / 'data', plan.recipe)
    full = [_training('full', seed, None, plan.full_iters) for seed in plan.seeds]
    run_jobs(f'1/4 train on all {plan.recipe.train_images} images', [job for _, job in full])
    selection = run_jobs('2/4 extract features, select', [_selection(full[0][0], plan)])
    coresets = {seed: _uniform(plan, seed) for seed in plan.seeds}
    run_jobs('3/4 draw random subsets', [job for _, job in coresets.values()])
    subsets = [_training('csod', seed, WORK_DIR / 'runs/csod/coreset.json', plan.subset_iters) for seed in plan.seeds]
    subsets += [_training('uniform', seed, coresets[seed][0], plan.subset_iters) for seed in plan.seeds]
    run_jobs(f'4/4 train on {plan.num_images} images, {len(subsets)} runs', [job for _, job in subsets])
    return write_report(WORK_DIR, data, [run for run, _ in (*subsets, *full)], selection)


def _training(method: str, seed: int, coreset: Path | None, iters: int) -> tuple[Run, Job]:
    run = Run(method, seed, coreset, _run_dir(f'{method}-seed{seed}'))
    subset = ('--full',) if coreset is None else (str(coreset),)
    return run, Job(
        name=f'training on {method} with seed {seed}',
        arguments=('-m', 'mmcsod', 'retrain', CONFIG, *subset, '--iters', str(iters), '--seed', str(seed),
                   '--work-dir', str(run.directory)),
        log=run.directory.with_suffix('.log'), pattern=r'Iter\(train\)\s*\[\s*(\d+)/', total=iters)


def _selection(trained: Run, plan: DemoPlan) -> Job:
    checkpoint = (trained.directory / 'last_checkpoint').read_text(encoding='utf-8').strip()
    return _select('csod', [CONFIG, checkpoint, '--work-dir', str(_run_dir('csod'))], plan)


def _uniform(plan: DemoPlan, seed: int) -> tuple[Path, Job]:
    path = _run_dir('uniform') / f'coreset-seed{seed}.json'
    bank = str(_run_dir('csod') / 'features')
    return path, _select(f'uniform-select-seed{seed}', ['--bank', bank, '--method', 'uniform', '--seed', str(seed),
                                                        '--out', str(path)], plan)


def _select(name: str, arguments: Iterable[str], plan: DemoPlan) -> Job:
    return Job(
        name=f'selecting ({name})',
        arguments=('-m', 'mmcsod', 'select', *arguments, '--num-images', str(plan.num_images)),
        log=_run_dir(name).with_suffix('.log'), pattern=r'(\d+)%\|', total=100)


def _run_dir(name: str) -> Path:
    return WORK_DIR / 'runs' / name
