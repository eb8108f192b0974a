import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.selection.pool import Pool
from mmcsod.selection.rotation import Rotation


def make_rotation(pairs, num_classes, included=()):
    pairs = sorted(pairs, key=lambda pair: pair[1])
    bank = FeatureBank.from_arrays(
        np.ones((len(pairs), 1), np.float32),
        [image for image, _ in pairs],
        [label for _, label in pairs],
        [str(c) for c in range(num_classes)],
    )
    return Rotation(Pool(bank, range(num_classes)), [bank.images.index(image) for image in included])


def turns(rotation):
    taken = []
    for label in rotation:
        image = int(rotation.candidates(label)[0])
        rotation.take(image)
        taken.append((label, rotation.pool.bank.images[image]))
    return taken


@pytest.mark.parametrize(
    ('rows', 'included', 'expected'),
    [
        ('a0 b0 c0 d2 e2', '', '0a 2d 0b 2e 0c'),  # exhausted classes are skipped
        ('a0 b0 a1 b1 c1', '', '0a 1b 1c'),  # an image of several classes leaves all of them
        ('a0 a0 b0 a1', '', '0a 0b'),  # several rows of one image and class are one candidate
        ('a0 b0 c1 b1', 'b', '0a 1c'),
        ('a0', 'a', ''),
    ],
)
def test_classes_take_turns(rows, included, expected):
    rotation = make_rotation([(row[0], int(row[1])) for row in rows.split()], 4, included)
    assert ' '.join(f'{label}{image}' for label, image in turns(rotation)) == expected


def test_nothing_is_taken_twice():
    rotation = make_rotation([('a', 0), ('b', 0)], 1, included=['a'])
    with pytest.raises(ValueError, match='selected already'):
        rotation.take(0)
