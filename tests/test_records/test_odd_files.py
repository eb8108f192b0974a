"""Files of a bank and a coreset with odd content, their checksums removed: the readers refuse them in one sentence."""

import json

import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, UserError, select_coreset
from tests.test_datasets.conftest import make_coreset
from tests.test_records.test_bank import make_bank

DEEP = 100_000
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


@pytest.fixture
def bank(tmp_path):
    make_bank().save(tmp_path / 'features')
    unseal(tmp_path / 'features' / 'meta.json')
    return tmp_path / 'features'


def refused(bank):
    with pytest.raises(UserError):
        select_coreset(FeatureBank.load(bank), num_images=2)


@pytest.mark.parametrize('damage', ARRAYS)
@pytest.mark.parametrize('name', ['vectors', 'rows', 'objects'])
def test_arrays_of_a_bank(name, damage, bank):
    if (name, damage) == ('objects', 'gone'):
        pytest.skip('a bank may lack it')
    ARRAYS[damage](bank / f'{name}.npy')
    refused(bank)


@pytest.mark.parametrize('text', JSON)
@pytest.mark.parametrize('name', ['meta.json', 'images.json'])
def test_json_of_a_bank(name, text, bank):
    (bank / name).write_text(JSON[text])
    refused(bank)


@pytest.mark.parametrize('text', JSON)
def test_json_of_a_coreset(text, tmp_path):
    make_coreset(['a.jpg']).save(tmp_path / 'coreset.json')
    (tmp_path / 'coreset.json').write_text(JSON[text])
    with pytest.raises(UserError, match=r'coreset\.json'):
        Coreset.load(tmp_path / 'coreset.json')
