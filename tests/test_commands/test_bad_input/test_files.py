"""Each command with a damaged bank, coreset or unfinished extraction; tests/test_records tries the readers."""

import pytest

from .conftest import extraction


@pytest.mark.parametrize(
    'words',
    [
        ('select', '--bank', 'features', '--num-images', 3, '--out', 'new.json'),
        ('report', 'features', 'coreset.json'),
        ('analyze', 'features', 'coreset.json'),
        ('verify', 'features'),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize('name', ['vectors.npy', 'meta.json'])
def test_a_damaged_bank(name, words, run):
    (run.home / 'features' / name).write_bytes(b'')
    run.refused(*words)


@pytest.mark.parametrize(
    'words',
    [
        ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run'),
        ('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out'),
        ('report', 'features', 'coreset.json'),
        ('analyze', 'features', 'coreset.json'),
        ('verify', 'coreset.json'),
        ('select', '--bank', 'features', '--num-images', 4, '--include', 'coreset.json', '--out', 'new.json'),
    ],
    ids=lambda words: words[0],
)
def test_a_damaged_coreset(words, run):
    (run.home / 'coreset.json').write_text('{"format": "mmcsod')
    run.refused(*words)


@pytest.mark.parametrize('text', ['', '[]', '{"format": "mmcsod'])
def test_the_identity_of_an_unfinished_extraction(text, run):
    (run.home / 'cut' / 'features.partial' / 'identity.json').write_text(text)
    run.refused(*extraction(run.home, 'cut'), '--resume')
