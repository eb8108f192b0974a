import gzip
import json

import pytest

from .labels import PLAIN, check, counts

TEXT = json.dumps(PLAIN, ensure_ascii=False)


@pytest.mark.parametrize(
    'raw',
    [
        TEXT.encode('utf-8-sig'),
        TEXT.encode('utf-16'),
        f' {TEXT}'.encode('utf-16-be'),
        TEXT.encode('utf-32'),
        gzip.compress(TEXT.encode(), mtime=0),
    ],
    ids=('mark', 'utf-16', 'utf-16 without mark', 'utf-32', 'gzip'),
)
def test_other_encodings_are_read_and_counted(raw):
    labels = check(raw)
    assert counts(labels) == {'re-encoded': 1}
    assert labels.content == PLAIN
    assert labels.is_changed


def test_plain_utf8_is_left_alone():
    labels = check(TEXT.encode())
    assert (labels.findings, labels.is_changed) == ((), False)


def test_a_locale_that_is_not_utf8_reads_a_copy(monkeypatch):
    monkeypatch.setattr('locale.getpreferredencoding', lambda _: 'ANSI_X3.4-1968')
    assert counts(check(TEXT.encode())) == {'re-encoded': 1}
    assert not check(json.dumps(PLAIN).encode()).findings


def test_commas_too_many_are_dropped_outside_of_texts_only():
    content = {**PLAIN, 'info': 'a,] b,}'}
    labels = check((json.dumps(content)[:-1] + ', }').replace('], "cat', ',\n], "cat').encode())
    assert counts(labels) == {'trailing commas': 2}
    assert labels.content == content


@pytest.mark.parametrize(
    ('raw', 'kind', 'says'),
    [
        (b'', 'empty file', '0 bytes'),
        (b'{"a": "\xc3\xa4\xe4"}', 'not UTF-8', 'byte 0xe4 at position 9'),
        (b'\x80\x04\x95', 'other format', 'pickle'),
        (b'<!DOCTYPE html>', 'other format', 'web page'),
        (b'version https://git-lfs.github.com/spec/v1', 'other format', 'git lfs pull'),
        (gzip.compress(b'{"images": 1}' * 9, mtime=0)[:-9], 'other format', 'damaged gzip'),
        (b'{"id": 1}\n{"id": 2}\n', 'JSON lines', '{"id": 1}'.replace('"', '')[1:3]),
        (TEXT.encode()[:-40], 'not JSON', 'ends too early'),
        (b'{"a": 1 "b": 2}', 'not JSON', 'line 1, column 9'),
        (b'[' * 100_000, 'not JSON', 'too deep'),
        (b'[{"image_id": 1, "score": 0.5}]', 'detection results', 'score'),
        (b'[1]', 'missing list', 'a list'),
        (b'3', 'missing list', 'holds 3'),
        (b'{"images": [], "annotations": [], "categories": []}', 'missing list', 'images is []'),
        (b'{"images": [{}], "boxes": [], "categories": [{}]}', 'missing list', 'there are "images, boxes'),
        (b'{"images": [{}], "annotations": [null], "categories": [{}]}', 'odd entry', 'annotations[0]: null'),
    ],
)
def test_what_would_need_a_guess_is_refused_by_its_name(raw, kind, says):
    labels = check(raw)
    assert (counts(labels), labels.content) == ({kind: 1}, None)
    assert labels.findings[0].severity == 'error'
    assert says in str(labels.findings[0])
