"""An annotation file as bytes: which encoding, and is it what it should be at all."""

import gzip
import json
import re
import zlib
from typing import Any

import msgspec

from mmcsod.labels.check.findings import Finding, Unreadable, short

OTHER_FORMATS = {
    b'PK\x03\x04': 'a zip archive',
    b'BZh': 'compressed with bzip2',
    b'\xfd7zXZ': 'compressed with xz',
    b'\x28\xb5\x2f\xfd': 'compressed with Zstandard',
    b'\x80': 'a Python pickle',
    b'\x89PNG': 'a PNG image',
    b'\xff\xd8\xff': 'a JPEG image',
    b'<': 'XML or a web page',
    b'version https://git-lfs': 'a Git LFS pointer, git lfs pull fetches the file',
    b'\x00\x00\x00\x00': 'nothing but zero bytes at its beginning, a damaged copy',
}


def as_utf8(raw: bytes, file: str) -> tuple[bytes, list[Finding]]:
    """Return the content of an annotation file as UTF-8 without a mark, and what had to be undone for it.

    Raises:
        Unreadable: If it is empty, of another format or in an encoding that can only be guessed.
    """
    undone = []
    if raw.startswith(b'\x1f\x8b'):
        raw = _unpack(raw, file)
        undone.append('gzip')
    if not raw.strip():
        raise Unreadable('empty file', file, f'{len(raw)} bytes')
    for start, name in OTHER_FORMATS.items():
        if raw.startswith(start):
            raise Unreadable('other format', file, name)
    encoding = json.detect_encoding(raw)  # by its mark, or by zeros, since JSON begins in ASCII
    if encoding != 'utf-8':
        undone.append('UTF-8 with a byte order mark' if encoding == 'utf-8-sig' else encoding.upper())
    raw = _to_utf8(raw, encoding, file)
    return raw, [Finding('re-encoded', file, 1, (', '.join(undone),))] if undone else []


def parse(text: bytes, file: str) -> tuple[Any, list[Finding]]:
    """Return the JSON value of ``text``; NaN and Infinity pass, as in Python.

    Raises:
        Unreadable: If it is no JSON; says where.
    """
    try:
        return msgspec.json.decode(text), []
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass  # Python's own parser takes NaN, and says where something else is wrong
    try:
        return json.loads(text), []
    except RecursionError as error:
        raise Unreadable('not JSON', file, 'brackets nested too deep') from error
    except ValueError as error:
        return _parse_leniently(text.decode(), file, error)


def _parse_leniently(text: str, file: str, error: ValueError) -> tuple[Any, list[Finding]]:
    _refuse_json_lines(text, file)
    plain, count = _without_trailing_commas(text)
    if count:
        try:
            return json.loads(plain), [Finding('trailing commas', file, count)]
        except (ValueError, RecursionError):
            pass
    raise Unreadable('not JSON', file, _where(text, error)) from error


def _unpack(raw: bytes, file: str) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable('other format', file, f'a damaged gzip file, {error}') from error


def _to_utf8(raw: bytes, encoding: str, file: str) -> bytes:
    if encoding == 'utf-8' and raw.isascii():
        return raw
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable('not UTF-8', file, f'byte 0x{raw[error.start]:02x} at position {error.start:,}') from error
    return raw if encoding == 'utf-8' else text.encode('utf-8', 'surrogatepass')


def _refuse_json_lines(text: str, file: str) -> None:
    lines = text.lstrip().splitlines()[:2]
    try:
        values = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return
    if len(values) == 2:
        raise Unreadable('JSON lines', file, f'the first is {short(values[0])}')


def _without_trailing_commas(text: str) -> tuple[str, int]:
    count = 0

    def drop(match: re.Match[str]) -> str:
        nonlocal count
        count += match[1] is None
        return match[1] or ''

    return re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])', drop, text), count


def _where(text: str, error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.pos >= len(text.rstrip()) or error.msg.startswith('Unterminated string'):
        return f'it ends too early, after {len(text):,} characters'
    return f'line {error.lineno}, column {error.colno}: {error.msg}, near {short(text[error.pos : error.pos + 20])}'
