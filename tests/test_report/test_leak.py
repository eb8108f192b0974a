from dataclasses import replace

import numpy as np

from mmcsod import FeatureBank
from mmcsod.records.bank_checks import OBJECT_DTYPE
from mmcsod.records.validation import LabelledImage, ValidationView
from mmcsod.report.leak import Leaks, compare_validation, find_leaks, leak_file, remove_leaks, write_leaks
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
    assert path.read_text().splitlines() == ['validation_image,pool_image,decision', 'x,f,keep', 'w,c,drop']
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
    later = cut(scenes(6), down=1)[[5, 5, 5]]
    found = find_leaks(list('abcdef'), POOL, np.array([5]), list('vwx'), later, agree)
    assert [leak.validation for leak in found] == ['v', 'x']
    found = find_leaks(list('abcdef'), POOL, np.array([5]), list('vwx'), POOL[[5, 5, 5]], agree)
    assert [leak.validation for leak in found] == ['v', 'w', 'x']  # copies, whatever their labels


def test_predictions_are_not_compared_with_labels():
    bank = replace(
        FeatureBank.from_arrays(np.eye(6, 4), list('abcdef'), [0] * 6, ['cat']),
        pixels=POOL,
        sizes=np.full((6, 2), 100, np.int32),
        objects=np.array([(image, 0, (0, 0, 9, 9), 1, False) for image in range(6)], OBJECT_DTYPE),
    )
    images = (LabelledImage('v', (100, 100), ('cat',), np.array([[80, 80, 90, 90]])),)
    view = ValidationView(images, np.zeros((1, 2), np.int64), cut(scenes(6), down=1)[[5]])
    assert compare_validation(bank, view).of_pool.startswith('0 of 1 ')
    found = compare_validation(replace(bank, provenance={'predictions': 'p.json'}), view)
    assert found.of_pool == '1 of 1 validation images have a near-duplicate in the pool (by pixels alone)'
