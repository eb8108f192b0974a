"""``mmcsod demo``."""

import argparse
from pathlib import Path

from mmcsod.commands.experiment import run_grid
from mmcsod.commands.report import report
from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.leak import kept_leaks
from mmcsod.util.errors import UserError

DESCRIPTION = """Run the full pipeline on the photographs in data/chess: train a selecting detector, select 24 of 202
images, train on them, on 24 random ones and on all, compare, and write a report. At most 8 minutes on 2 cores."""
EXAMPLES = """example, in the folder of a checkout:
  mmcsod demo"""

PRESET = 'configs/experiments/demo.py'
WORK_DIR = Path('work_dirs/demo')
DATA = Path('data/chess')
INTRODUCTION = """Five trainings of 80 iterations each: on all 202 images of data/chess, whose detector then selects;
on the 24 images that the default method selects, and on 24 random ones (class-balanced; 'uniform' in the table), with
two seeds each.
"""
READING = """Every run stops after 80 iterations, too few for any of them: the run on all images is not the best that
the full set can give. Two seeds and one selecting detector show large differences only.
{work_dir}/runs holds the logs; remove {work_dir} to run the demo again."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option that is gone, so that it is answered."""
    parser.add_argument('--rendered', action='store_true', help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> int:
    """Run the demo's experiment and write a report on what it selected; return 1 if a run failed."""
    if args.rendered:
        raise UserError(
            'The demo no longer renders images; in a checkout, python tools/dev/render_scenes.py does, and mmcsod '
            'experiment configs/experiments/rendered.py compares methods on them.'
        )
    if not DATA.is_dir():
        raise UserError(
            f'{Path.cwd()} has no {DATA}; run the demo in the folder of a checkout of mmcsod, which carries these '
            'photographs.'
        )
    from mmcsod.experiments.spec import load_experiment

    print(INTRODUCTION)
    experiment = load_experiment(PRESET)
    status = run_grid(experiment, WORK_DIR, WORK_DIR / 'results.jsonl')
    if status == 0:
        first = [run for run in experiment.runs if run.num_images is not None and run.seed == 0]
        files = {run.method: WORK_DIR / 'coresets' / f'{run.coreset_name}.json' for run in first}
        bank = FeatureBank.load(WORK_DIR / 'features_auto')
        coresets = {name: Coreset.load(file) for name, file in files.items()}
        report(WORK_DIR / 'report.html', bank, coresets, files, kept_leaks(bank, coresets))
        print(READING.format(work_dir=WORK_DIR))
    return status
