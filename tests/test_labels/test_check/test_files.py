import pytest

from mmcsod.labels.check.files import missing_images


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('images/cam/a.jpg', 'images/B.JPG', 'images/cafe\u0301.png', 'images/d.png'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ('path', 'near'),
    [
        ('images/cam\\a.jpg', 'images/cam/a.jpg'),
        ('images/C:\\data\\images\\cam\\a.jpg', 'images/cam/a.jpg'),
        ('imgs/2/a.jpg', 'images/cam/a.jpg'),
        ('images/images/cam/a.jpg', 'images/cam/a.jpg'),
        ('images/b.jpg', 'images/B.JPG'),
        ('images/caf\u00e9.png', 'images/cafe\u0301.png'),
        ('images/d.jpg', 'images/d.png'),
        ('images/%64.png', 'images/d.png'),
        ('images/none.jpg', None),
        ('images/a\0b.jpg', None),
    ],
)
def test_a_missing_image_is_looked_for_under_near_names(path, near, folder):
    (missing,) = missing_images([path, 'images/d.png', './images/cam/../B.JPG', 's3://bucket/x.jpg'])
    assert (missing.path, missing.near) == (path, near)


def test_absolute_paths(folder):
    (missing,) = missing_images([f'{folder}/images/D.png', f'{folder}/images/d.png'])
    assert missing.near == f'{folder}/images/d.png'
    assert str(missing) == f'{folder}/images/D.png: there is {folder}/images/d.png'


def test_a_path_of_another_machine_is_looked_for_in_the_folder_of_the_images(folder):
    (missing,) = missing_images(['/home/me/data/a.jpg'], folder='images/')
    assert missing.near == 'images/cam/a.jpg'


def test_names_that_only_look_alike_are_shown_as_ascii(folder):
    (missing,) = missing_images(['images/caf\u00e9.png'])
    assert str(missing) == r"'images/caf\xe9.png': there is 'images/cafe\u0301.png'"
