"""The jobs that campaigns kill: one for each command that writes."""

import importlib
import shutil
from dataclasses import replace

import numpy as np

from mmcsod import Coreset, FeatureBank
from mmcsod.commands import main
from mmcsod.config import load_config
from mmcsod.experiments import runner
from mmcsod.experiments.runner import ExperimentRunner
from mmcsod.experiments.spec import load_experiment
from mmcsod.experiments.stage1 import Banks
from mmcsod.export import export_coreset
from mmcsod.features import chunks
from mmcsod.features.extract import extract_bank
from mmcsod.features.options import ExtractionOptions
from mmcsod.training.options import RetrainOptions
from mmcsod.training.retrain import prepare, write_config
from tests.campaigns.crash import Job
from tests.test_bank import make_bank
from tests.test_datasets.conftest import coco_leaf, make_coreset
from tests.test_features.conftest import build, small_config

OPTIONS = ExtractionOptions(num_workers=0, batch_size=4)
EXPERIMENT = """
detectors = {'small': 'small.py'}
selector = dict(detector='small', iters=3)
metric = 'AP50'
iters = 2
grid = [dict(methods=['csod', 'uniform'], num_images=[2])]
"""


def nothing(folder):
    """Start from an empty folder."""


def command(*words):
    """Run a command as a user does."""
    try:
        main(list(map(str, words)))
    except SystemExit as end:
        if end.code:
            raise RuntimeError(f'status {end.code}') from end


def selection():
    def run(folder, again):
        command('select', '--bank', folder / 'features', '--num-images', 2, 3, '--no-report')

    return Job('select', lambda folder: make_bank().save(folder / 'features'), run, ('features', '*.json', '*.txt'))


def report():
    def start(folder):
        make_bank().save(folder / 'features')
        make_coreset(['a.jpg', 'sub/c.jpg'], ('x', 'y')).save(folder / 'coreset.json')

    def run(folder, again):
        command('report', folder / 'features', folder / 'coreset.json', '--out', folder / 'page.html')

    return Job('report', start, run, ('features', 'coreset.json', 'page.html'), same_text=False)


def extraction(coco):
    cfg = small_config(coco)
    detector = build(cfg)
    chunks.CHUNK_SIZE = 4

    def run(folder, again):
        extract_bank(detector, cfg, folder / 'features', replace(OPTIONS, resume=again))

    return Job('extract', nothing, run, ('features',))


def replacement(coco):
    """Extraction in the place of a bank of another tap; what is killed is the replacing."""
    cfg = small_config(coco)
    detector = build(cfg)
    chunks.CHUNK_SIZE = 4
    old = coco.parent / 'old_bank'
    extract_bank(detector, cfg, old, replace(OPTIONS, tap='roi'))

    def run(folder, again):
        extract_bank(detector, cfg, folder / 'features', replace(OPTIONS, overwrite=True, resume=again))

    return Job('replace', lambda folder: shutil.copytree(old, folder / 'features') and None, run, ('features',))


def export(coco, file_format, images):
    from mmengine.config import Config

    config = Config({'train_dataloader': {'dataset': coco_leaf(coco)}})
    coreset = make_coreset(['train/0002.jpg', 'train/0004.jpg'])

    def run(folder, again):
        if not (folder / 'out').exists():  # a finished export is refused, not replaced
            export_coreset(coreset, config, file_format, folder / 'out', images)

    return Job(f'export {file_format}', nothing, run, ('out',))


def retraining(config, coreset):
    def run(folder, again):
        write_config(prepare(config, coreset, RetrainOptions(iters=2, work_dir=str(folder / 'run'))))

    return Job('retrain set-up', nothing, run, ('run/*',))


def experiment():
    def train(folder, config, coreset, options):
        assert coreset is None or Coreset.load(coreset).image_ids
        return {'metrics': {'AP50': 0.5}, 'images': 2, 'minutes': 0.1}

    def extract(self, tap, directory, checkpoint):
        if not directory.exists():
            FeatureBank.from_arrays(np.eye(4, dtype=np.float32), ['a', 'b', 'c', 'd'], [0, 0, 1, 1], ['x', 'y']).save(
                directory
            )

    def start(folder):
        (folder / 'trial.py').write_text(EXPERIMENT)

    def run(folder, again):
        runner.train_in_process, Banks._extract = train, extract
        runner.check_metric = lambda *_: None
        ExperimentRunner(load_experiment(folder / 'trial.py'), folder / 'work', folder / 'results.jsonl').run()

    return Job('experiment', start, run, ('work/features_*', 'work/coresets/*'), same_text=False)


def all_jobs(coco_of_features, coco_of_datasets, config, coreset):
    """Yield them, the quick ones first.

    Args:
        coco_of_features: What tests.test_features.conftest.write_coco wrote.
        coco_of_datasets: The pool of 20 images of tests.test_datasets.
        config: A training config of that pool.
        coreset: A coreset of that pool.
    """
    load_config(str(config))
    importlib.import_module('mmcsod.report')  # once, not in every process
    yield selection()
    yield report()
    yield experiment()
    yield retraining(config, coreset)
    yield export(coco_of_datasets, 'coco', 'copy')
    yield export(coco_of_datasets, 'yolo', 'link')
    yield extraction(coco_of_features)
    yield replacement(coco_of_features)
