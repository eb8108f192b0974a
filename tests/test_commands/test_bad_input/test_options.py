"""Options, paths, configs, and a system that allows few open files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ...tool import ROOT, open_files
from .conftest import extraction


def label(words):
    return ' '.join(ascii(str(word))[1:-1][:40] for word in words)


@pytest.mark.parametrize(
    'words',
    [
        ('--device', 'foo'),
        ('--num-images', '1' * 5000),
        ('--num-workers', 10**21),
        ('--pipeline', '.'),
        ('--predictions', '.'),
        ('--work-dir', 'config.py'),
        ('--out', ''),
        ('--out', 'features'),
        ('--include', '\udc80.txt'),
        ('--lam', '9' * 5000),
        ('--cfg-options', 'model=3'),
        ('--cfg-options', 'train_dataloader.dataset.metainfo.classes=3'),
        ('--cfg-options', 'train_dataloader.dataset.type=Nothing'),
        ('--cfg-options', 'test_dataloader.dataset.pipeline=[3]'),
        ('--cfg-options', 'train_dataloader.dataset.pipeline=3'),
    ],
    ids=label,
)
def test_options_of_an_extraction(words, run):
    run.refused(*extraction(run.home, 'fresh'), *words)


@pytest.mark.parametrize('config', ['a.b::x', '::', 'mmdet::', '.', '\udc80.py', '', 'x' * 5000])
def test_configs(config, run):
    run.refused('select', config, 'model.pth', '--num-images', 3, '--work-dir', 'fresh')
    run.refused('retrain', config, 'coreset.json', '--work-dir', 'run')
    run.refused('export', 'coreset.json', '--config', config, '--format', 'coco', '--out', 'out')


@pytest.mark.parametrize(
    'words',
    [
        ('report', 'features', 'coreset.json', '--out', '.'),
        ('analyze', 'features', 'coreset.json', '--out', 'config.py'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'yolo', '--out', 'config.py'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'o', '--num-images', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'config.py'),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', '--num-images', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', '--iters', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--cfg-options', 'train_dataloader.batch_size=0'),
        ('select', '--bank', 'features', '--num-images', 10**21),
        ('select', '--bank', '\udc80', '--num-images', 3),
        ('select', '--bank', 'features', '--num-images', 3, '--classes', '\udc80'),
        ('verify', '.'),
        ('experiment', '.'),
        ('experiment', 'config.py'),
    ],
    ids=label,
)
def test_paths_and_numbers(words, run):
    run.refused(*words)


@pytest.mark.parametrize('more', [0, 2, 4, 16])
def test_few_files_may_be_open(more, run):
    with open_files(len(list(Path('/proc/self/fd').iterdir())) + more):
        run.answered('select', '--bank', 'features', '--num-images', 3, '--out', 'new.json', '--no-report')
        run.answered('verify', 'features')
        run.answered('export', 'coreset.json', '--config', 'config.py', '--format', 'yolo', '--out', 'out')


@pytest.mark.slow
def test_an_extraction_with_few_files_says_so(run):
    """In a process of its own: half-made loaders of PyTorch speak up when they are cleared away."""
    words = [*map(str, extraction(run.home, 'fresh')), '--num-workers', '16']
    command = ['sh', '-c', 'ulimit -n 64 && exec "$@"', '-', sys.executable, '-m', 'mmcsod', *words]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 2, done.stderr
    assert 'Traceback' not in done.stderr
    assert 'more files open' in done.stderr.splitlines()[-1]
