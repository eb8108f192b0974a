import pytest

from mmcsod.errors import UserError
from mmcsod.fileio import new_file, write_text


def test_a_file_keeps_its_old_text_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'notes.txt'
    write_text(path, 'old')
    with pytest.raises(ZeroDivisionError), new_file(path) as file:
        file.write_text('half')
        assert path.read_text() == 'old'
        _ = 1 / 0
    assert path.read_text() == 'old'
    assert list(tmp_path.iterdir()) == [path]


def test_folders_are_made_and_the_suffix_is_kept(tmp_path):
    path = tmp_path / 'new' / 'figure.png'
    with new_file(path) as file:
        assert file.suffix == '.png'
        file.write_bytes(b'x')
    assert path.read_bytes() == b'x'


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / 'taken').write_text('a file')
    with pytest.raises(UserError, match=r'notes\.txt could not be written \(.+\); nothing was changed\.'):
        write_text(tmp_path / 'taken' / 'notes.txt', 'text')


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    plain = tmp_path / 'plain'
    plain.touch()
    write_text(tmp_path / 'ours', '')
    assert (tmp_path / 'ours').stat().st_mode == plain.stat().st_mode
