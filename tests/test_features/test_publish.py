import numpy as np
import pytest

from mmcsod.features.publish import list_unreadable, outside_warning
from mmcsod.records.bank import OBJECT_DTYPE
from mmcsod.util.images import kind_of_file


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
