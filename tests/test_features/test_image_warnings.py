import numpy as np
import pytest

from mmcsod.features.image_warnings import kind_of_file, list_unreadable, outside_warning, size_warnings
from mmcsod.records.bank import OBJECT_DTYPE


def test_sizes_that_differ_are_one_sentence_a_cause():
    labelled = np.array([(160, 120), (160, 120), (-1, -1), (16, 12), (160, 120)])
    decoded = np.array([(160, 120), (120, 160), (160, 120), (160, 120), (0, 0)])
    impossible, swapped, resized = size_warnings('abcde', labelled, decoded)
    assert impossible.startswith('1 images have another size than their annotations say (c: -1 x -1, not 160 x 120)')
    assert 'b: 160 x 120, not 120 x 160' in swapped
    assert 'EXIF' in swapped
    assert 'd: 16 x 12, not 160 x 120' in resized
    assert not list(size_warnings('ab', labelled[:1], decoded[:1]))


@pytest.mark.parametrize(
    ('content', 'kind'),
    [
        (b'', '0 bytes'),
        (b'<!DOCTYPE html>', 'an HTML or XML page'),
        (b'version https://git-lfs.github.com/spec/v1\n', "a pointer of Git LFS; fetch the files with 'git lfs pull'"),
        (b'\xff\xd8\xff\xe0', 'a JPEG that is damaged or cut off'),
        (b'\0\0\0\x18ftypheic', 'a HEIC or AVIF photo, or a video; convert it to JPEG'),
        (b'P6 1 1 255 abc', 'an image, which the pipeline cannot use'),
        (b'nothing known', "not an image that is whole: begins with b'nothing know'"),
        (None, 'no such file or directory'),
    ],
)
def test_every_unreadable_image_is_listed_with_what_it_is(content, kind, tmp_path):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    assert kind_of_file(str(path)) == kind
    (sentence,) = list_unreadable(tmp_path / 'list.txt', ['a.jpg'], [str(path)])
    assert (tmp_path / 'list.txt').read_text() == f'a.jpg\t{kind}\n'
    assert str(tmp_path / 'list.txt') in sentence
    assert not list(list_unreadable(tmp_path / 'list.txt', [], []))
    assert not (tmp_path / 'list.txt').exists()


def test_objects_outside_the_decoded_image_are_counted():
    objects = np.zeros(3, OBJECT_DTYPE)
    objects['image'] = (0, 1, 1)
    objects['box'] = [(130, 10, 150, 30), (130, 10, 150, 30), (10, 10, 30, 30)]
    (sentence,) = outside_warning('ab', objects, np.array([(160, 120), (120, 160)]))
    assert sentence.startswith('1 objects lie outside the decoded image')
    assert '(b)' in sentence
    assert not list(outside_warning('ab', objects, np.array([(160, 120), (0, 0)])))
