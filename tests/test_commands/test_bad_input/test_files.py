"""Banks, coresets and what an unfinished extraction leaves."""

import json

import numpy as np
import pytest

from .conftest import JSON, extraction


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
