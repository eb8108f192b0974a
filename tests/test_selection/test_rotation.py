from itertools import islice

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


def test_classes_take_turns_and_exhausted_ones_are_skipped():
    rotation = make_rotation([('a', 0), ('b', 0), ('c', 0), ('d', 2), ('e', 2)], 4)
    assert turns(rotation) == [(0, 'a'), (2, 'd'), (0, 'b'), (2, 'e'), (0, 'c')]


def test_an_image_of_several_classes_leaves_all_of_them():
    rotation = make_rotation([('a', 0), ('b', 0), ('a', 1), ('b', 1), ('c', 1)], 2)
    assert turns(rotation) == [(0, 'a'), (1, 'b'), (1, 'c')]


def test_several_rows_of_one_image_and_class_are_one_candidate():
    rotation = make_rotation([('a', 0), ('a', 0), ('b', 0), ('a', 1)], 2)
    assert rotation.candidates(0).tolist() == [0, 1]
    assert turns(rotation) == [(0, 'a'), (0, 'b')]


def test_included_images_are_taken_from_the_start():
    rotation = make_rotation([('a', 0), ('b', 0), ('c', 1), ('b', 1)], 2, included=['b'])
    assert rotation.candidates().tolist() == [0, 2]
    assert turns(rotation) == [(0, 'a'), (1, 'c')]


def test_nothing_is_taken_twice():
    rotation = make_rotation([('a', 0), ('b', 0)], 1, included=['a'])
    with pytest.raises(ValueError, match='selected already'):
        rotation.take(0)


def test_no_turn_without_images():
    assert list(islice(make_rotation([('a', 0)], 1, included=['a']), 5)) == []
