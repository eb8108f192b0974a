#!/usr/bin/env python
"""What to label next, with labels withheld: AP50 after labelling N images by chance, and N more by each choice.

The detector that the first N train predicts the rest; its predictions stand for labels. Each result is a line of
--results, and what is finished is not done again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import mmdet
import numpy as np
from mmengine.config import Config

from mmcsod import Coreset, Pick
from mmcsod.util.provenance import versions

CONFIGS = 'configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_{}.py'
TEST_TOOL = Path(mmdet.__file__).parent / '.mim' / 'tools' / 'test.py'
CHOICES: dict[str, list[str]] = {
    'random': [],
    'csod': [],
    'csod --uncertain entropy': ['--uncertain', 'entropy'],
}


def main() -> None:
    """Run what is missing, seed by seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sets', nargs='+', default=['chess:24', 'construction:50'], metavar='SET:N')
    parser.add_argument('--seeds', type=int, default=3, metavar='K')
    parser.add_argument('--iters', type=int, default=150, metavar='I')
    parser.add_argument('--score-threshold', default='0.3')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/label_next'))
    parser.add_argument('--results', type=Path, default=Path('work_dirs/label_next/results.jsonl'))
    args = parser.parse_args()
    for seed in range(args.seeds):
        for name in args.sets:
            data, number = name.split(':')
            Draw(args, data, int(number), seed).run()


class Draw:
    """One set of images and one seed: the first images, what is predicted with them, and each choice of the next."""

    def __init__(self, args: argparse.Namespace, data: str, number: int, seed: int) -> None:
        self.args, self.data, self.number, self.seed = args, data, number, seed
        self.config = CONFIGS.format(data)
        self.folder = args.work_dir / data / str(seed)
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        """Train and choose; what has its file already is passed over."""
        rng, first = np.random.default_rng(self.seed), self.folder / 'first.json'
        order = rng.permutation(list(object_counts(self.config))).tolist()
        save(first, self.config, order[: self.number])
        self.train('first', first)
        predictions = self.predict()
        for choice, options in CHOICES.items():
            coreset = self.folder / f'{choice.replace(" ", "")}.json'
            if choice == 'random':
                save(coreset, self.config, order[: 2 * self.number])
            elif not coreset.exists():
                self.select(coreset, first, predictions, options)
            self.train(choice, coreset)

    def train(self, choice: str, coreset: Path) -> None:
        """Train on a coreset and add its result line."""
        work_dir = coreset.with_suffix('')
        if (work_dir / 'result.json').exists():
            return
        call('mmcsod', 'retrain', self.config, coreset, '--iters', self.args.iters, '--seed', self.seed, '--work-dir',
             work_dir, '--overwrite', log=work_dir.with_suffix('.log'))  # fmt: skip
        result = json.loads((work_dir / 'result.json').read_text())
        objects = object_counts(self.config)
        line = {'set': self.data, 'seed': self.seed, 'choice': choice, 'images': result['images'],
                'objects': sum(objects[image] for image in Coreset.load(coreset).image_ids),
                'metrics': result['metrics'], 'iters': self.args.iters, 'score_threshold': self.args.score_threshold,
                'training_minutes': round(result['minutes'], 2), 'config': self.config,
                'versions': versions()}  # fmt: skip
        with self.args.results.open('a') as file:
            file.write(json.dumps(line) + '\n')

    def predict(self) -> Path:
        """Return what the first detector finds in the training images, a COCO results file."""
        prefix = self.folder / 'found'
        path = prefix.with_suffix('.bbox.json')
        if not path.exists():
            cfg = Config.fromfile(self.config)
            train = cfg.train_dataloader.dataset
            overrides = {
                'test_dataloader.dataset.ann_file': train.ann_file,
                'test_dataloader.dataset.data_prefix.img': train.data_prefix.img,
                'test_evaluator.ann_file': f'{train.data_root}{train.ann_file}',
                'test_evaluator.format_only': True,
                'test_evaluator.outfile_prefix': prefix,
            }
            call(TEST_TOOL, self.config, self.folder / 'first' / f'iter_{self.args.iters}.pth', '--work-dir',
                 self.folder / 'test', '--cfg-options', *(f'{key}={value}' for key, value in overrides.items()),
                 log=self.folder / 'found.log')  # fmt: skip
        return path

    def select(self, coreset: Path, first: Path, predictions: Path, options: list[str]) -> None:
        """Select as many images again, the predictions standing for labels."""
        call('mmcsod', 'select', self.config, self.folder / 'first' / f'iter_{self.args.iters}.pth', '--predictions',
             predictions, '--score-threshold', self.args.score_threshold, '--include', first, '--num-images',
             2 * self.number, '--method', 'csod', '--work-dir', self.folder / 'predicted', '--out', coreset,
             '--no-report', '--num-workers', 1, *options, log=coreset.with_suffix('.select.log'))  # fmt: skip


def object_counts(config: str) -> Counter[str]:
    """Return the objects of the config's classes in each training image that has one, by image id."""
    train = Config.fromfile(config).train_dataloader.dataset
    content = json.loads(Path(train.data_root, train.ann_file).read_text())
    classes = {one['id'] for one in content['categories'] if one['name'] in train.metainfo.classes}
    ids = {one['id']: train.data_prefix.img + one['file_name'] for one in content['images']}
    return Counter(ids[one['image_id']] for one in content['annotations'] if one['category_id'] in classes)


def save(path: Path, config: str, images: list[str]) -> None:
    """Write a coreset of images."""
    classes = Config.fromfile(config).train_dataloader.dataset.metainfo.classes
    Coreset(tuple(map(Pick, images)), tuple(classes), 'full').save(path)


def call(program: str | Path, *words: object, log: Path) -> None:
    """Run a program of Python in a process of its own; what it prints goes to a file."""
    command = ['-m', program] if program == 'mmcsod' else [program]
    with log.open('w') as file:
        subprocess.run([sys.executable, *map(str, [*command, *words])], check=True, stdout=file, stderr=file)


if __name__ == '__main__':
    main()
