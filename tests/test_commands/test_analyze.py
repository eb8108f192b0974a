"""tools/analyze.py from end to end, on a bank and coresets on disk."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from tests.test_report.by_hand import make_coreset
from tests.tool import run_tool

call = partial(run_tool, 'analyze')


@pytest.fixture
def files(tmp_path, bank):
    bank.save(tmp_path / 'features')
    make_coreset('ca').save(tmp_path / 'first.json')
    make_coreset('ab').save(tmp_path / 'second.json')
    for name in bank.images:
        Image.fromarray(np.full((300, 300, 3), 90, np.uint8)).save(tmp_path / name, format='png')
    return tmp_path


def test_prints_every_table(files):
    outcome = call(files / 'features', files / 'first.json', files / 'second.json', '--class', 'cat')
    assert outcome.returncode == 0, outcome.stderr
    lines = [line.replace(' ', '') for line in outcome.stdout.splitlines()]
    assert '|pool|3|6|33.3|33.3|33.3||' in lines
    kl = np.log(1 / 3 / 0.4) * 2 / 3 + np.log(1 / 3 / 0.2) / 3
    assert f'|first|2|5|40.0|40.0|20.0|{kl:.4f}|' in lines
    assert '|second|1|1|' in lines
    assert '|large|0.707(1)|||' in lines
    assert '|first|2|12%|12%|12%|' in lines


def test_draws_the_figures(files):
    coresets = (files / 'first.json', files / 'second.json')
    outcome = call(files / 'features', *coresets, '--class', 'cat', '--out', files / 'figures', '--images', files)
    assert outcome.returncode == 0, outcome.stderr
    names = {path.name for path in (files / 'figures').iterdir()}
    assert names == {'sizes.png', 'similarity.png', 'ranks_cat.png'}
    pixels = np.asarray(Image.open(files / 'figures' / 'ranks_cat.png').convert('RGB')).astype(int)
    red = (pixels[..., 0] > 200) & (pixels[..., 1] < 60)
    green = (pixels[..., 1] > 200) & (pixels[..., 0] < 60)
    assert red.sum() > 100  # b's cat, the worst of four
    assert green.sum() > 100


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['features', 'first.json', 'first.json'], 'A coreset file is given twice'),
        (['features', 'first.json', '--class', 'cow'], "There is no class 'cow' in the bank; its classes are cat, dog"),
        (
            ['features', 'first.json', '--class', 'cat', '--out', 'figures', '--images', 'nowhere'],
            'nowhere/c cannot be read',
        ),
    ],
)
def test_refusals(files, arguments, message):
    paths = [word if word.startswith('--') or word in ('cat', 'cow') else files / word for word in arguments]
    outcome = call(*paths)
    assert outcome.returncode == 2
    assert message in outcome.stderr
