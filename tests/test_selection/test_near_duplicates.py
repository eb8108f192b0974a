import contextlib

import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.coreset import Coreset, Pick
from mmcsod.selection import near_duplicates as module
from mmcsod.selection.near_duplicates import near_duplicates, warn_of


def bank_of(angles, labels=None, images=None):
    angles = np.radians(angles)
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    images = list('abcdefgh'[: len(angles)]) if images is None else images
    return FeatureBank.from_arrays(vectors, images, labels or [0] * len(angles), ['x', 'y'])


def coreset_of(bank, images, method='csod'):
    return Coreset(tuple(map(Pick, images)), bank.classes, method)


def pairs(bank, images):
    return [(found.image_id, found.earlier_id) for found in near_duplicates(bank, coreset_of(bank, images))]


def test_by_hand():
    # Rows at 0, 10, 60 and 61 degrees: 1 - cos between two is 0.015, 0.5, 0.515, 0.357, 0.371 and 0.0002, on average
    # 0.293, so that 0.0293 is near: 10 degrees from 0, and 61 from 60.
    bank = bank_of([0, 10, 60, 61])
    assert pairs(bank, 'adbc') == [('b', 'a'), ('c', 'd')]
    assert pairs(bank, 'ac') == []


def test_all_classes_must_be_near_and_the_same():
    # a and b are copies in x and far apart in y; c is a copy of a in both; d is one in x and shows no y.
    bank = bank_of([0, 0, 0, 0, 90, 0, 90, 0, 90], [0, 0, 0, 0, 0, 1, 1, 1, 1], list('abcde') + list('abce'))
    assert pairs(bank, 'abdc') == [('c', 'a')]


@pytest.mark.parametrize('block', [1, 3, 512])
def test_blocks_change_nothing(monkeypatch, block):
    rng = np.random.default_rng(0)
    scenes = rng.normal(size=(8, 40))
    vectors = np.concatenate([scenes + 0.01 * rng.normal(size=scenes.shape) for _ in range(3)])
    bank = FeatureBank.from_arrays(vectors.astype(np.float32), [f'{i:02}' for i in range(24)], [0] * 24, ['x'])
    monkeypatch.setattr(module, 'BLOCK', block)
    found = pairs(bank, bank.images)
    assert found == [(f'{i:02}', f'{i % 8:02}') for i in range(8, 24)]


def test_rows_without_a_direction_are_near_nothing():
    bank = FeatureBank.from_arrays(np.array([[0, 0], [0, 0], [1, 0], [0, 1]], np.float32), list('abcd'), [0] * 4, ['x'])
    assert pairs(bank, 'abcd') == []


def test_the_warning_names_a_method_unless_it_is_the_one_in_use():
    bank = bank_of([0, 0, 90])
    assert list(warn_of(bank, coreset_of(bank, 'ac'))) == []
    assert list(warn_of(bank, coreset_of(bank, 'cab'))) == [
        (
            '1 of 3 images show almost what an earlier one shows, the first b beside a. '
            'The method csod-logdet avoids them where it can.'
        )
    ]
    assert 'method' not in next(warn_of(bank, coreset_of(bank, 'cab', 'csod-logdet')))


def test_select_warns(tmp_path, capsys):
    from mmcsod.commands import main

    bank = bank_of([0, 0, 90])
    bank.save(tmp_path / 'features')
    with contextlib.suppress(SystemExit):
        main(['select', '--bank', str(tmp_path / 'features'), '--num-images', '3'])
    assert '1 of 3 images show almost what an earlier one shows' in ''.join(capsys.readouterr())
