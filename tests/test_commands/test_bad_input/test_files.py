"""Commands with a damaged bank, coreset or unfinished extraction; tests/test_records tries the readers."""

import pytest

from .conftest import extraction

SELECT = ('select', '--bank', 'features', '--num-images', 4, '--include', 'coreset.json', '--out', 'new.json')
ANALYSES = [(command, 'features', 'coreset.json') for command in ('report', 'analyze')]


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        *(('features/vectors.npy', words) for words in (SELECT, *ANALYSES, ('verify', 'features'))),
        *(('coreset.json', words) for words in (SELECT, *ANALYSES, ('verify', 'coreset.json'))),
        ('coreset.json', ('retrain', 'config.py', 'coreset.json', '--work-dir', 'run')),
        ('coreset.json', ('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out')),
        ('cut/features.partial/identity.json', 'extraction'),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_damaged_file(name, words, run):
    (run.home / name).write_text('{"format": "mmcsod')
    run.refused(*((*extraction(run.home, 'cut'), '--resume') if words == 'extraction' else words))
