"""An extraction that was killed or damaged is gone on with, replaced or refused; never taken for another one."""

from dataclasses import replace

import numpy as np
import pytest

from mmcsod.features import chunks
from mmcsod.features import extract as extraction
from mmcsod.util.errors import UserError

from ..tool import disk_operations
from .conftest import OPTIONS, build, extract, stamp


def kill_before_joining(monkeypatch, *arguments):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(extraction, 'publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        extract(*arguments)


def test_a_forced_extraction_that_was_killed_is_gone_on_with(cfg, detector, tmp_path, monkeypatch):
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    before = stamp(tmp_path)
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert stamp(tmp_path) == before
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert stamp(tmp_path) > before


def test_chunks_of_nobody_knows_what_are_not_taken_for_ours(cfg, detector, tmp_path, monkeypatch):
    """A kill while an extraction was removed leaves chunks without their identity."""
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', OPTIONS)
    (tmp_path / 'features.partial' / 'identity.json').unlink()
    other = build(cfg)
    other.backbone.conv1.weight.data.add_(0.5)
    bank = extract(other, cfg, tmp_path / 'features', OPTIONS)
    fresh = extract(other, cfg, tmp_path / 'fresh', OPTIONS)
    np.testing.assert_array_equal(bank.vectors, fresh.vectors)


def test_what_cannot_be_removed_is_an_error(cfg, detector, tmp_path, monkeypatch):
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', OPTIONS)
    refused = PermissionError(13, 'Permission denied', 'chunk_000000.npz')
    monkeypatch.setattr(chunks, 'remove', lambda path: (_ for _ in ()).throw(refused))
    with pytest.raises(UserError, match=r'chunk_000000\.npz cannot be removed'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True, tap='roi'))
    assert not (tmp_path / 'features.partial' / 'identity.json').exists()


def test_a_kill_in_the_last_removal_is_no_dead_end(cfg, detector, tmp_path, monkeypatch):
    """The bank that was replaced is still there when the extraction goes on."""
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(chunks.ChunkStore, 'discard', lambda store: (_ for _ in ()).throw(KeyboardInterrupt))
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert (tmp_path / 'features.partial' / 'replaced').exists()
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert not (tmp_path / 'features.partial').exists()


def test_a_bank_set_aside_when_the_new_one_was_not_in_place_comes_back(cfg, detector, tmp_path, caplog):
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    (tmp_path / 'features.partial').mkdir()
    (tmp_path / 'features').rename(tmp_path / 'features.partial' / 'replaced')
    with caplog.at_level('INFO', 'mmcsod'):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
    assert 'reused' in caplog.text
    assert [path.name for path in tmp_path.glob('features*')] == ['features']


def test_a_cut_identity_is_replaced_on_request(cfg, detector, tmp_path, monkeypatch):
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', OPTIONS)
    (tmp_path / 'features.partial' / 'identity.json').write_text('{"weights": ')
    with pytest.raises(UserError, match=r'does not say of what .*--overwrite'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))


def test_a_chunk_damaged_meanwhile_is_one_sentence(cfg, detector, tmp_path, monkeypatch):
    write = chunks.ChunkStore.write

    def write_half(store, chunk, arrays):
        write(store, chunk, arrays)
        store.path(chunk).write_bytes(store.path(chunk).read_bytes()[:-200])

    with monkeypatch.context() as patch, pytest.raises(UserError, match=r'chunk_000000\.npz is damaged.*--resume'):
        patch.setattr(chunks.ChunkStore, 'write', write_half)
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))


def test_chunks_are_on_the_disk_before_the_bank_and_removed_after_it(cfg, detector, tmp_path, monkeypatch):
    """A power cut at any moment leaves the chunks or the bank."""
    order = disk_operations(monkeypatch, 'rename', 'replace', 'unlink', 'fsync')
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    partial, folder = str(tmp_path / 'features.partial'), str(tmp_path)
    chunk = next(i for i, (name, path) in enumerate(order) if name == 'replace' and 'chunk_000000' in path)
    finished = order.index(('rename', f'{partial}/finished'))
    assert order[chunk - 1] == ('fsync', order[chunk][1])
    assert order[chunk + 1] == ('fsync', partial)
    assert order[finished + 1] == ('fsync', folder)
    assert order[finished + 2] == ('unlink', f'{partial}/identity.json')
    written = {path.rpartition('/')[2] for name, path in order[chunk:finished] if name == 'fsync'}
    assert {'vectors.npy', 'rows.npy', 'images.json', 'meta.json', 'objects.npy'} <= written


def test_an_extraction_is_gone_on_with_as_it_was_begun(cfg, detector, tmp_path, monkeypatch):
    """It was begun without object vectors, which are small now."""
    with monkeypatch.context() as patch:
        patch.setattr(extraction, 'extract_chunks', lambda *_: (_ for _ in ()).throw(UserError('killed')))
        with pytest.raises(UserError, match='killed'):
            extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=False))
    with pytest.raises(UserError, match=r'unfinished extraction \(0 of 1 chunks done\); go on with --resume'):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
    bank = extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert bank.object_vectors is None
    assert bank.provenance['identity']['keep_objects'] is False
