"""The jobs that campaigns kill: one for each command that writes."""

import importlib
import shutil
from dataclasses import replace

import cv2
import numpy as np

from mmcsod import Coreset, FeatureBank
from mmcsod.commands import main
from mmcsod.experiments import runner
from mmcsod.experiments.runner import ExperimentRunner
from mmcsod.experiments.spec import load_experiment
from mmcsod.experiments.stage1 import Banks
from mmcsod.export import export_coreset
from mmcsod.features import chunks
from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.taps import attach_tap
from mmcsod.training.options import RetrainOptions
from mmcsod.training.retrain import prepare, write_config
from mmcsod.util.config import load_config
from tests.campaigns.crash import Job, in_own_process
from tests.test_datasets.conftest import coco_leaf, make_coreset
from tests.test_features.conftest import build, small_config
from tests.test_records.test_bank import make_bank

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


def extractor(coco):
    """A way to extract with the detector of a seed. PyTorch is used in processes of their own, and only there."""
    cfg = small_config(coco)

    def extract(folder, seed=0, **options):
        cv2.setNumThreads(0)
        chunks.CHUNK_SIZE = 4
        detector = build(cfg)
        detector.backbone.conv1.weight.data.add_(seed)
        extract_features(attach_tap(detector), cfg, folder / 'features', replace(OPTIONS, **options))

    return extract


def bank_of(coco, extract):
    """Return how to begin with a finished bank."""
    old = coco.parent / 'old'
    if not old.exists():
        assert in_own_process(lambda: extract(old)) > 0
    return lambda folder: shutil.copytree(old, folder, dirs_exist_ok=True) and None


def export(coco, file_format, images):
    from mmengine.config import Config

    config = Config({'train_dataloader': {'dataset': coco_leaf(coco)}})
    coreset = make_coreset(['train/0002.jpg', 'train/0004.jpg'])

    def run(folder, again):
        if not (folder / 'out').exists():  # a finished export is refused, not replaced
            export_coreset(coreset, config, file_format, folder / 'out', images)

    return Job(f'export {file_format}, {images}', nothing, run, ('out',))


def retraining(config, coreset):
    def run(folder, again):
        write_config(prepare(config, coreset, RetrainOptions(iters=2, work_dir=str(folder / 'run'))))

    return Job('retrain set-up', nothing, run, ('run/*',))


def experiment():
    def train(folder, config, coreset, options, progress):
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
        Banks._check_tap = Banks._data_changed = lambda *_: False  # there is no config to look into
        ExperimentRunner(load_experiment(folder / 'trial.py'), folder / 'work', folder / 'results.jsonl').run()

    return Job('experiment', start, run, ('work/features_*', 'work/coresets/*'), same_text=False)


def quick_jobs(config, coreset):
    """Yield those that need no detector.

    Args:
        config: A training config of the pool of 20 images of tests.test_datasets.
        coreset: A coreset of that pool.
    """
    load_config(str(config))
    importlib.import_module('mmcsod.report')  # once, not in every process
    yield selection()
    yield report()
    yield experiment()
    yield retraining(config, coreset)


def exports(coco):
    """Yield those that export from the pool of 20 images."""
    for file_format, images in (('coco', 'reference'), ('coco', 'copy'), ('yolo', 'link'), ('yolo', 'copy')):
        yield export(coco, file_format, images)


def extractions(coco):
    """Yield those that extract, from what tests.test_features.conftest.write_coco wrote."""
    extract = extractor(coco)
    start = bank_of(coco, extract)

    def replace_own(folder, again):
        extract(folder, overwrite=True, resume=again)

    def replace_other(folder, again):
        extract(folder, seed=1, overwrite=True, resume=again)

    def change_mind(folder, again):
        extract(folder, seed=int(again), overwrite=again)

    yield Job('extract', nothing, lambda folder, again: extract(folder, resume=again), ('features',))
    yield Job('replace a bank', start, replace_own, ('features',))
    yield Job("replace another detector's bank", start, replace_other, ('features',))
    yield Job('extract, then with another detector', nothing, change_mind, ('features',))
