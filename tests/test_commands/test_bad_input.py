"""Bad input as a user meets it: whatever is wrong with a file or an option, a command says it in one sentence."""

import json
import os
import resource
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict

from mmcsod.commands import main
from mmcsod.features import chunks, extract
from tests.test_console import logger  # noqa: F401
from tests.test_datasets.conftest import make_coreset
from tests.test_features.conftest import CLASSES, build, small_config, write_coco

pytestmark = pytest.mark.usefixtures('logger')  # main() sets mmcsod's
DEEP = 100_000


def label(words):
    return ' '.join(ascii(str(word))[1:-1][:40] for word in words)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """What runs without a fault leave: data, a config, weights, a bank, an unfinished extraction and a coreset."""
    home = tmp_path_factory.mktemp('made')
    write_coco(home / 'data', 8)
    config = small_config(home / 'data')
    config.train_dataloader.batch_size = 2
    config.dump(home / 'config.py')
    torch.save({'state_dict': build(config).state_dict()}, home / 'model.pth')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, 'CHUNK_SIZE', 4)
        assert status(*extraction(home), '--keep-objects') == 0
        patch.setattr(extract, '_publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert status(*extraction(home, home / 'cut')) == 130
    assert (home / 'cut' / 'features.partial' / 'chunk_000001.npz').exists()
    return home


@pytest.fixture
def run(made, tmp_path, capfd, monkeypatch):
    """A copy of what may be damaged, the data where they are, and a way to run commands on them."""
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'model.pth').symlink_to(made / 'model.pth')
    for name in ('features', 'cut', 'coreset.json', 'config.py'):
        (shutil.copytree if (made / name).is_dir() else shutil.copy)(made / name, tmp_path / name)

    def answered(*words):
        """Run a command; return its error in one sentence, None where it ends well."""
        ended = status(*words)
        out, err = capfd.readouterr()
        assert 'Traceback' not in out + err, err
        said = [line for line in err.split('\n') if 'error' in line.lower()]
        assert ended in (0, 1) or (ended == 2 and len(said) == 1 and said[0].startswith('error: ')), (ended, err)
        return said[0] if ended == 2 else None

    def refused(*words):
        before = listing(tmp_path)
        assert answered(*words) is not None
        assert listing(tmp_path) == before

    return SimpleNamespace(home=tmp_path, data=made / 'data', refused=refused, answered=answered)


def status(*words):
    with pytest.raises(SystemExit) as end:
        main(list(map(str, words)))
    return end.value.code or 0


def listing(folder):
    """All files and their sizes; a lock file is no result, nor is a folder of nothing else."""
    files = [path for path in folder.rglob('*') if path.is_file() and path.suffix != '.lock']
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def extraction(home, work_dir=None):
    return (
        'select', home / 'config.py', home / 'model.pth', '--num-images', 3, '--work-dir', work_dir or home,
        '--num-workers', 0, '--no-report',
    )  # fmt: skip


def unseal(path):
    """Remove the checksums, so that it is the readers that are tried."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: content[key] for key in content if key not in ('sha256', 'files')}))


def saved(array):
    return lambda path: np.save(path, array)


def header(text, data=b''):
    """A file of numpy's with a header of one's own."""
    text = text.encode().ljust(117) + b'\n'

    def write(path):
        path.write_bytes(b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text + data)

    return write


ARRAYS = {
    'empty': lambda path: path.write_bytes(b''),
    'text': lambda path: path.write_text('hello'),
    'a folder': lambda path: (path.unlink(), path.mkdir()),
    'gone': lambda path: path.unlink(),
    'no dimension': saved(np.float32(1)),
    'one dimension': saved(np.zeros(3, np.float32)),
    'three dimensions': saved(np.zeros((2, 2, 2), np.float32)),
    'no rows': saved(np.zeros((0, 4), np.float32)),
    'no columns': saved(np.zeros((3, 0), np.float32)),
    'whole numbers': saved(np.zeros((3, 4), np.int64)),
    'complex': saved(np.zeros((3, 4), np.complex64)),
    'text array': saved(np.array([['a', 'b']])),
    'pickled': lambda path: np.save(path, np.array([{}], object), allow_pickle=True),
    'huge': header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000, 4), }"),
    'huger': header("{'descr': '<f4', 'fortran_order': False, 'shape': (1" + '0' * 40 + ', 4), }'),
    'negative': header("{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4), }"),
    'no header': header('{}'),
    'code': header("__import__('os').system('true')"),
    'nested': header('(' * 50 + ')' * 50),
}
JSON = {
    'empty': '',
    'binary': '\x00\x01\x02',
    'null': 'null',
    'number': '3',
    'list': '[]',
    'object': '{}',
    'nested lists': '[' * DEEP + ']' * DEEP,
    'nested objects': '{"a":' * DEEP + '1' + '}' * DEEP,
    'huge number': '1' * 6000,
    'huge float': '[1e999]',
    'NaN': '[NaN]',
    'half a character': '["\\ud800"]',
    'cut': '{"format": "mmcsod',
}


@pytest.mark.parametrize('damage', ARRAYS)
@pytest.mark.parametrize('name', ['vectors', 'rows', 'objects'])
def test_arrays_of_a_bank(name, damage, run):
    unseal(run.home / 'features' / 'meta.json')
    ARRAYS[damage](run.home / 'features' / f'{name}.npy')
    if (name, damage) == ('objects', 'gone'):
        pytest.skip('a bank may lack it')
    for words in (
        ('select', '--bank', 'features', '--num-images', 3, '--out', 'new.json'),
        ('report', 'features', 'coreset.json'),
        ('verify', 'features'),
    ):
        run.refused(*words)


@pytest.mark.parametrize('text', JSON)
@pytest.mark.parametrize('name', ['meta.json', 'images.json'])
def test_json_of_a_bank(name, text, run):
    unseal(run.home / 'features' / 'meta.json')
    (run.home / 'features' / name).write_text(JSON[text])
    run.refused('select', '--bank', 'features', '--num-images', 3, '--out', 'new.json')
    run.refused('report', 'features', 'coreset.json')
    run.refused('verify', 'features')


@pytest.mark.parametrize('text', JSON)
def test_a_coreset(text, run):
    (run.home / 'coreset.json').write_text(JSON[text])
    run.refused('retrain', 'config.py', 'coreset.json', '--work-dir', 'run')
    run.refused('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out')
    run.refused('report', 'features', 'coreset.json')
    run.refused('analyze', 'features', 'coreset.json')
    run.refused('verify', 'coreset.json')
    run.refused('select', '--bank', 'features', '--num-images', 4, '--include', 'coreset.json', '--out', 'new.json')


@pytest.mark.parametrize('text', ['empty', 'list', 'nested objects', 'cut'])
def test_the_identity_of_an_unfinished_extraction(text, run):
    (run.home / 'cut' / 'features.partial' / 'identity.json').write_text(JSON[text])
    run.refused(*extraction(run.home, 'cut'), '--resume')


@pytest.mark.parametrize(
    'words',
    [
        ('--device', 'foo'),
        ('--device', ''),
        ('--num-images', 10**21),
        ('--num-images', '1' * 5000),
        ('--num-workers', 10**21),
        ('--batch-size', 10**21),
        ('--seed', -1),
        ('--backbone', 'a:b:c'),
        ('--pipeline', '.'),
        ('--predictions', '.'),
        ('--work-dir', 'config.py'),
        ('--out', '.'),
        ('--out', ''),
        ('--out', 'features'),
        ('--include', '.'),
        ('--include', '\udc80.txt'),
        ('--lam', '1e400'),
        ('--lam', '9' * 5000),
        ('--method', '\udc80'),
        ('--kernel', '../x'),
        ('--cfg-options', 'model=3'),
        ('--cfg-options', 'train_dataloader.dataset.metainfo.classes=3'),
        ('--cfg-options', 'train_dataloader.dataset.type=Nothing'),
        ('--cfg-options', 'test_dataloader.dataset.pipeline=3'),
        ('--cfg-options', 'test_dataloader.dataset.pipeline=[3]'),
        ('--cfg-options', 'train_dataloader.dataset.pipeline=3'),
    ],
    ids=label,
)
def test_options_of_an_extraction(words, run):
    run.refused(*extraction(run.home, 'fresh'), *words)


@pytest.mark.parametrize('config', ['a.b::x', '::', 'mmdet::', '..::x', '.', '\udc80.py', '', 'x' * 5000])
def test_configs(config, run):
    run.refused('select', config, 'model.pth', '--num-images', 3, '--work-dir', 'fresh')
    run.refused('retrain', config, 'coreset.json', '--work-dir', 'run')
    run.refused('export', 'coreset.json', '--config', config, '--format', 'coco', '--out', 'out')


@pytest.mark.parametrize(
    'words',
    [
        ('report', 'features', 'coreset.json', '--out', '.'),
        ('analyze', 'features', 'coreset.json', '--out', 'config.py'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', '.'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'yolo', '--out', 'config.py'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'o', '--num-images', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'config.py'),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', '--num-images', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', '--iters', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', '--seed', 10**21),
        ('retrain', 'config.py', 'coreset.json', '--cfg-options', 'train_dataloader.batch_size=0'),
        ('select', '--bank', 'features', '--num-images', 10**21),
        ('select', '--bank', 'features', '--num-objects', 10**21),
        ('select', '--bank', '\udc80', '--num-images', 3),
        ('select', '--bank', 'features', '--num-images', 3, '--classes', ''),
        ('select', '--bank', 'features', '--num-images', 3, '--classes', '\udc80'),
        ('verify', '.'),
        ('verify', 'model.pth'),
        ('experiment', '.'),
        ('experiment', 'coreset.json'),
        ('experiment', 'config.py'),
    ],
    ids=label,
)
def test_paths_and_numbers(words, run):
    run.refused(*words)


@contextmanager
def open_files(limit):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


BOX = {'bbox': [1, 2, 30, 40], 'bbox_label': 0}


@pytest.fixture
def odd(run):
    """A way to run commands on a training set of one image that is called, or annotated, oddly."""
    make_coreset(['images/000.png'], CLASSES).save(run.home / 'one.json')

    def refused(says=None, **image):
        image = {'img_path': '000.png', 'img_id': 1, 'width': 160, 'height': 96, 'instances': [BOX], **image}
        content = {'metainfo': {'classes': CLASSES}, 'data_list': [image]}
        (run.home / 'odd.json').write_text(json.dumps(content))
        config = Config.fromfile(run.home / 'config.py')
        dataset = config.train_dataloader.dataset
        dataset.type, dataset.ann_file = 'BaseDetDataset', str(run.home / 'odd.json')
        dataset.data_prefix = ConfigDict(img_path='images/')
        config.dump(run.home / 'odd.py')
        run.refused('select', 'odd.py', 'model.pth', '--num-images', 1, '--work-dir', 'fresh', '--num-workers', 0)
        for kind in ('coco', 'yolo'):
            run.refused('export', 'one.json', '--config', 'odd.py', '--format', kind, '--out', 'out')

    return refused


@pytest.mark.parametrize(
    'image',
    [
        {'instances': None},
        {'instances': [7]},
        {'instances': [{**BOX, 'bbox': [1, 2, 3, None]}]},
        {'instances': [{**BOX, 'bbox_label': 0.5}]},
        {'img_path': 3},
        {'img_path': '\ud800.png'},
        {'img_path': 'a\nb.png'},
        {'width': 0},
    ],
    ids=lambda image: ascii(image)[:40],
)
def test_odd_images(image, odd):
    odd(**image)


@pytest.mark.parametrize(
    'change',
    [
        lambda content: content['images'][0].update(file_name='\ud800.png'),
        lambda content: content['images'][0].update(file_name='a\0b.png'),
        lambda content: content['images'][0].update(width=0),
        lambda content: content['annotations'][0].pop('bbox'),
        lambda content: content['annotations'][0].update(bbox=[1, 2, 10**400, 4]),
        lambda content: content['annotations'][0].update(category_id=[1]),
        lambda content: content['categories'][0].update(name='\ud800'),
        lambda content: content.clear(),
    ],
    ids=range(8),
)
def test_odd_coco_files(change, run):
    """Some are passed over with a word, as MMDetection does; nothing ends in a traceback."""
    content = json.loads((run.data / 'train.json').read_text())
    change(content)
    (run.home / 'odd.json').write_text(json.dumps(content))
    words = ('--cfg-options', f'train_dataloader.dataset.ann_file={run.home}/odd.json')
    run.answered(*extraction(run.home, 'fresh'), '--strict', *words)
    for kind in ('coco', 'yolo'):
        run.answered('export', 'coreset.json', '--config', 'config.py', '--format', kind, '--out', kind, *words)


@pytest.mark.parametrize('text', ['empty', 'null', 'nested lists', 'cut'])
def test_annotations_that_are_none(text, run):
    (run.home / 'odd.json').write_text(JSON[text])
    words = ('--cfg-options', f'train_dataloader.dataset.ann_file={run.home}/odd.json')
    run.refused(*extraction(run.home, 'fresh'), *words)
    run.refused('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out', *words)
    run.refused('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', *words)


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
    done = subprocess.run(
        ['sh', '-c', 'ulimit -n 64 && exec "$@"', '-', sys.executable, '-m', 'mmcsod', *words],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[2])},
    )
    assert done.returncode == 2, done.stderr
    assert 'Traceback' not in done.stderr
    assert 'more files open' in done.stderr.splitlines()[-1]
