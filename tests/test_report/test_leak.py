from dataclasses import replace

import numpy as np

from mmcsod import FeatureBank
from mmcsod.records.bank_checks import OBJECT_DTYPE
from mmcsod.records.validation import LabelledImage
from mmcsod.report.leak import Leaks, find_leaks, leak_file, remove_leaks, write_leaks
from mmcsod.selection.same_objects import objects_of_bank, objects_of_images, same_objects
from tests.test_selection.test_pixels import cut, scenes

POOL, OTHERS = cut(scenes(6)), cut(scenes(3, seed=9))


def test_validation_images_that_the_pool_shows_those_of_the_coreset_first(tmp_path):
    validation = np.concatenate([OTHERS[:1], POOL[[2, 5]], OTHERS[1:]])
    found = find_leaks(list('abcdef'), POOL, np.array([5, 0]), list('vwxyz'), validation)
    assert [(leak.validation, leak.pool, leak.is_selected) for leak in found] == [('x', 'f', True), ('w', 'c', False)]
    leaks = Leaks(found, 5, 1)
    assert leaks.summary == (
        '2 of 5 validation images have a near-duplicate in the pool, 1 in the coreset, 1 could not be read or are black'
    )
    path = leak_file(tmp_path / 'a.json')
    write_leaks(path, leaks)
    assert path.read_text().splitlines()[1:] == ['x,f,keep', 'w,c,drop']
    remove_leaks(path)
    remove_leaks(path)
    path.write_text('mine')
    remove_leaks(path)
    assert path.read_text() == 'mine'


def test_images_of_other_objects_are_no_leaks():
    bank = replace(
        FeatureBank.from_arrays(np.eye(6, 4), list('abcdef'), [0] * 6, ['cat']),
        sizes=np.full((6, 2), 100, np.int32),
        objects=np.array([(image, 0, (0, 0, 10 * image, 10), 1, False) for image in range(1, 6)], OBJECT_DTYPE),
    )
    validation = [
        LabelledImage('v', size, ('cat', 'dog'), np.array([[0, 0, 50, 10], [9, 9, 10, 10]]))
        for size in ((100, 100), (50, 50), (0, 0))
    ]
    agree = same_objects(objects_of_images(validation, {'cat': 0}), objects_of_bank(bank))
    assert [agree(index, image) for index in range(3) for image in (0, 5)] == [False, True, False, False, True, True]
    found = find_leaks(list('abcdef'), POOL, np.array([5]), list('vwx'), POOL[[5, 5, 5]], agree)
    assert [leak.validation for leak in found] == ['v', 'x']
