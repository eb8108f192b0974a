import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmcsod.util.errors import UserError
from mmcsod.util.files import file_name, new_directory, new_file, read_json, write_text
from tests.tool import disk_operations


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


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / 'real.txt').write_text('old')
    (tmp_path / 'link.txt').symlink_to('real.txt')
    write_text(tmp_path / 'link.txt', 'new')
    assert (tmp_path / 'link.txt').is_symlink()
    assert (tmp_path / 'real.txt').read_text() == 'new'


@pytest.mark.parametrize('kind', ['folder', 'device, pipe or socket'])
def test_what_is_no_file_is_not_replaced(kind, tmp_path):
    path = tmp_path / 'there'
    path.mkdir() if kind == 'folder' else os.mkfifo(path)
    with pytest.raises(UserError, match=f'there is a {kind}, and a file is to be written there'):
        write_text(path, 'text')
    assert not path.is_file()
    assert list(tmp_path.iterdir()) == [path]


def test_writers_of_one_path_do_not_meet_and_the_last_one_counts(tmp_path):
    with new_file(tmp_path / 'notes') as first, new_file(tmp_path / 'notes') as second:
        first.write_text('first')
        second.write_text('second')
    assert (tmp_path / 'notes').read_text() == 'first'
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with pytest.raises(ZeroDivisionError), new_directory(tmp_path / 'bank') as folder:
        (folder / 'part').write_text('half')
        _ = 1 / 0
    assert not list(tmp_path.iterdir())
    (tmp_path / 'bank').symlink_to('nowhere')
    with pytest.raises(UserError, match='bank exists already'), new_directory(tmp_path / 'bank'):
        pass


def test_a_power_cut_after_success_loses_nothing(monkeypatch, tmp_path):
    """All files and folders are on the disk before the new name is, and the name before anybody is told."""
    operations = disk_operations(monkeypatch, 'fsync', 'replace')
    with new_directory(tmp_path / 'bank') as folder:
        (folder / 'part').mkdir()
        for name in ('a', 'part/b'):
            (folder / name).write_text('x')
    inside = [('fsync', f'{folder}{name}') for name in ('/a', '/part/b', '/part', '')]
    assert sorted(operations[:4]) == sorted(inside)
    assert operations[4:] == [('replace', str(folder)), ('fsync', str(tmp_path))]
    operations.clear()
    with new_file(tmp_path / 'notes') as file:
        file.write_text('x')
    assert operations == [('fsync', str(file)), ('replace', str(file)), ('fsync', str(tmp_path))]


@pytest.mark.parametrize('text', ['../../..', '/etc/passwd', '.hidden', 'a\nb', 'x' * 500, '', '\x00', 'count:7-11'])
def test_text_of_a_file_becomes_one_name_in_the_same_folder(text):
    name = file_name(text)
    assert Path('folder', name).parent == Path('folder')
    assert not name.startswith('.')
    assert name.isprintable()
    assert 0 < len(name) <= 100
    assert name == text or ':' not in text


DEEP = 100_000
ODD_JSON = {
    'empty': '',
    'binary': '\x00\x01\x02',
    'null': 'null',
    'number': '3',
    'list': '[]',
    'object': '{}',
    'nested lists': '[' * DEEP + ']' * DEEP,
    'nested objects': '{"a":' * DEEP + '1' + '}' * DEEP,
    'huge number': '1' * 6000,
    'huge float': '[1e999]',
    'NaN': '[NaN]',
    'half a character': '["\\ud800"]',
    'cut': '{"name": "mmcsod',
}


@dataclass
class Named:
    name: str


@pytest.mark.parametrize('text', ODD_JSON)
def test_odd_json_is_one_sentence(text, tmp_path):
    (tmp_path / 'odd.json').write_text(ODD_JSON[text])
    with pytest.raises(UserError, match=r'odd\.json is not a name'):
        read_json(tmp_path / 'odd.json', 'a name', Named)
