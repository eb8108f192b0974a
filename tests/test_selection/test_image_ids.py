from dataclasses import replace

import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, Pick, UserError
from mmcsod.selection.image_ids import find_images, read_image_ids

BANK = FeatureBank.from_arrays(np.ones((3, 2)), ['a.jpg', 'b.jpg', 'sub/c d.jpg'], [0, 0, 0], ['x'])


def test_ids_come_from_an_iterable_a_coreset_or_either_kind_of_file(tmp_path):
    coreset = Coreset((Pick('b.jpg', 0), Pick('a.jpg', 0)), ('x',), 'csod')
    coreset.save(tmp_path / 'coreset.json')
    (tmp_path / 'list.txt').write_text('\ufeffb.jpg\n\n  sub/c d.jpg \r\nb.jpg\n', encoding='utf-8')
    assert read_image_ids(iter(['b.jpg', 'a.jpg', 'b.jpg'])) == ['b.jpg', 'a.jpg']
    assert read_image_ids(coreset) == ['b.jpg', 'a.jpg']
    assert read_image_ids(str(tmp_path / 'coreset.json')) == ['b.jpg', 'a.jpg']
    assert read_image_ids(tmp_path / 'list.txt') == ['b.jpg', 'sub/c d.jpg']


def test_a_list_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UserError, match=r'no\.txt cannot be read: No such file'):
        read_image_ids(str(tmp_path / 'no.txt'))
    (tmp_path / 'image.jpg').write_bytes(b'\xff\xd8\xff')
    with pytest.raises(UserError, match=r'image\.jpg cannot be read: it is not UTF-8 text'):
        read_image_ids(tmp_path / 'image.jpg')
    (tmp_path / 'other.json').write_text('{"images": []}')
    with pytest.raises(UserError, match='not a coreset file'):
        read_image_ids(tmp_path / 'other.json')
    (tmp_path / 'cut.json').write_text('')
    with pytest.raises(UserError, match=r'cut\.json is not a coreset file'):
        read_image_ids(tmp_path / 'cut.json')


def test_ids_are_looked_up_in_the_order_given():
    assert find_images(BANK, ['sub/c d.jpg', 'a.jpg'], ['b.jpg']) == ((2, 0), frozenset({1}))


@pytest.mark.parametrize(
    ('include', 'exclude', 'message'),
    [
        (['a.jpg', 'x', 'y'], [], r"2 of the 3 images to include are not in the bank, first 'x'; .* like 'a.jpg'"),
        ([], ['z'], r"1 of the 1 images to exclude are not in the bank, first 'z'"),
        (['a.jpg', 'b.jpg'], ['b.jpg'], r"'b.jpg' is both to be included and excluded"),
    ],
)
def test_ids_that_make_no_sense_are_refused(include, exclude, message):
    with pytest.raises(UserError, match=message):
        find_images(BANK, include, exclude)


def test_images_that_a_filter_took_for_want_of_objects_are_recalled():
    bank = replace(BANK, provenance={'images_left_out': {'without objects': 8}})
    with pytest.raises(UserError, match=r"like 'a\.jpg'\. It lacks 8 images without objects, which cannot be selected"):
        find_images(bank, ['x'], [])
