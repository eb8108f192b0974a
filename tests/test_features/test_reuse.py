"""What an earlier run left is reused, gone on with or replaced; never where that would be wrong."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS

from mmcsod.features import chunks, dataset, identity
from mmcsod.features import extract as extraction
from mmcsod.features.detector import build_tap
from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.reader import FeatureReader
from mmcsod.util.errors import UserError

from .conftest import build, extract, small_config, write_coco

OPTIONS = ExtractionOptions(num_workers=0, batch_size=4)


def stamp(folder):
    return (folder / 'features' / 'vectors.npy').stat().st_mtime_ns


def test_a_finished_bank_is_reused_and_says_so(cfg, detector, tmp_path, caplog):
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    before = stamp(tmp_path)
    with caplog.at_level('INFO', 'mmcsod'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, batch_size=2))
    assert 'reused' in caplog.text
    assert stamp(tmp_path) == before
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True, resume=True))
    assert stamp(tmp_path) == before
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert stamp(tmp_path) > before


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        (lambda cfg, d: None, 'tap'),
        (lambda cfg, d: d.backbone.conv1.weight.data.add_(1e-3), 'checkpoint'),
        (lambda cfg, d: cfg.test_dataloader.dataset.pipeline[1].update(scale=(224, 160)), 'image scale'),
        (lambda cfg, d: cfg.train_dataloader.dataset.update(indices=5), 'dataset'),
        (lambda cfg, d: cfg.model.backbone.update(norm_eval=False), 'model config'),
    ],
)
def test_a_bank_of_something_else_is_never_reused(change, named, coco_root, tmp_path):
    cfg = small_config(coco_root)
    extract(build(cfg), cfg, tmp_path / 'features', OPTIONS)
    detector = build(cfg)
    change(cfg, detector)
    options = replace(OPTIONS, tap='roi') if named == 'tap' else OPTIONS
    with pytest.raises(UserError, match=f'made with another {named}.*--overwrite'):
        extract(detector, cfg, tmp_path / 'features', options)
    extract(detector, cfg, tmp_path / 'features', replace(options, overwrite=True))
    extract(detector, cfg, tmp_path / 'features', options)


@pytest.fixture
def hidden(tmp_path):
    """A training set of four images, two of which are out of reach, as below a mount that is gone."""
    write_coco(tmp_path, 4)
    for name in ('001.png', '002.png'):
        (tmp_path / 'images' / name).rename(tmp_path / name)
    return tmp_path


def bring_back(root, *names):
    for name in names:
        (root / name).rename(root / 'images' / name)


def test_images_that_can_be_read_again_are(hidden, caplog):
    cfg = small_config(hidden)
    detector = build(cfg)
    extract(detector, cfg, hidden / 'features', OPTIONS)
    caplog.clear()
    with caplog.at_level('INFO', 'mmcsod'):
        extract(detector, cfg, hidden / 'features', OPTIONS)
    assert 'reused' in caplog.text
    assert 'images/002.png could not be read (FileNotFoundError: ' in caplog.text
    with pytest.raises(UserError, match=r'001\.png cannot be read.*--strict'):
        extract(detector, cfg, hidden / 'features', replace(OPTIONS, strict=True))
    bring_back(hidden, '002.png')
    bank = extract(detector, cfg, hidden / 'features', OPTIONS)
    assert bank.provenance['unreadable_images'] == ['images/001.png']
    bring_back(hidden, '001.png')
    bank = extract(detector, cfg, hidden / 'features', replace(OPTIONS, strict=True))
    assert set(bank.image_ids) == set(bank.images)


def test_of_nothing_readable_no_bank_is_made(tmp_path):
    write_coco(tmp_path, 4)
    for path in (tmp_path / 'images').iterdir():
        path.rename(tmp_path / path.name)
        path.write_bytes(b'no image')
    cfg = small_config(tmp_path)
    with pytest.raises(UserError, match='Not one of the 4 images'):
        extract(build(cfg), cfg, tmp_path / 'features', OPTIONS)
    assert not list(tmp_path.glob('features*'))
    bring_back(tmp_path, *(path.name for path in tmp_path.glob('*.png')))
    assert len(extract(build(cfg), cfg, tmp_path / 'features', OPTIONS))


def kill_before_joining(monkeypatch, *arguments):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(extraction, 'publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        extract(*arguments)


def test_a_resumed_extraction_tries_unreadable_images_again(hidden, monkeypatch):
    cfg = small_config(hidden)
    detector = build(cfg)
    kill_before_joining(monkeypatch, detector, cfg, hidden / 'features', OPTIONS)
    bring_back(hidden, '001.png', '002.png')
    bank = extract(detector, cfg, hidden / 'features', replace(OPTIONS, resume=True))
    assert bank.provenance['unreadable_images'] == []


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


@pytest.mark.parametrize('name', ['meta.json', 'images.json', 'rows.npy', 'vectors.npy', 'objects.npy'])
def test_a_damaged_bank_is_replaced_on_request(name, cfg, detector, tmp_path):
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    content = (tmp_path / 'features' / name).read_bytes()
    (tmp_path / 'features' / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match=name.replace('.', r'\.')):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert (tmp_path / 'features' / name).read_bytes() == content


def test_a_folder_that_holds_other_files_is_never_replaced(cfg, detector, tmp_path):
    (tmp_path / 'features').mkdir()
    (tmp_path / 'features' / 'thesis.tex').write_text('mine')
    with pytest.raises(UserError, match=r'There is no feature bank in .*features: it has no meta\.json'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert (tmp_path / 'features' / 'thesis.tex').read_text() == 'mine'


def test_a_cut_identity_is_replaced_on_request(cfg, detector, tmp_path, monkeypatch):
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', OPTIONS)
    (tmp_path / 'features.partial' / 'identity.json').write_text('{"weights": ')
    with pytest.raises(UserError, match=r'does not say of what .*--overwrite'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))


@pytest.mark.parametrize('damage', [lambda b: b[: len(b) // 2], lambda b: b'', lambda b: b[:900] + b'\xff' + b[901:]])
def test_a_damaged_chunk_is_made_again(damage, cfg, detector, tmp_path, monkeypatch):
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', OPTIONS)
    chunk = tmp_path / 'features.partial' / 'chunk_000000.npz'
    chunk.write_bytes(damage(chunk.read_bytes()))
    bank = extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    np.testing.assert_array_equal(bank.vectors, extract(detector, cfg, tmp_path / 'fresh', OPTIONS).vectors)


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
    order = []
    for name in ('rename', 'replace', 'unlink', 'fsync'):
        real = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda first, *rest, name=name, real=real, **options: (
                order.append((name, str(Path(f'/proc/self/fd/{first}').readlink()) if name == 'fsync' else str(first))),
                real(first, *rest, **options),
            )[1],
        )
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


def test_vectors_that_are_not_finite_are_told(cfg, detector, tmp_path, monkeypatch, caplog):
    call = FeatureReader.__call__

    def diverge(reader, samples):
        features = call(reader, samples)
        for sample, own in zip(samples, features, strict=True):
            if sample.index in bad:
                own.vectors[:] = np.nan
        return features

    monkeypatch.setattr(FeatureReader, '__call__', diverge)
    bad = {1}
    bank = extract(detector, cfg, tmp_path / 'features', OPTIONS)
    assert bank.provenance['images_not_finite'] == [bank.images[1]]
    assert '1 images have vectors of NaN or infinity, so that selection refuses them' in caplog.text
    assert bank.images[1] in caplog.text
    bad = set(range(len(bank.images)))
    with pytest.raises(UserError, match='NaN or infinity for every image'):
        extract(detector, cfg, tmp_path / 'all', OPTIONS)
    assert not list(tmp_path.glob('all*'))


def test_a_bank_with_object_vectors_serves_whoever_did_not_ask_for_them(cfg, detector, tmp_path, caplog):
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=True))
    before = stamp(tmp_path)
    for keep_objects in (None, False, True):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=keep_objects))
        assert stamp(tmp_path) == before


def test_object_vectors_are_kept_where_they_are_small(cfg, detector, tmp_path, monkeypatch):
    small = extract(detector, cfg, tmp_path / 'small', OPTIONS)
    assert small.object_vectors is not None
    monkeypatch.setattr(identity, 'FEW_OBJECTS', len(small.objects) - 1)
    assert extract(detector, cfg, tmp_path / 'large', OPTIONS).object_vectors is None
    extract(detector, cfg, tmp_path / 'small', OPTIONS)  # reused
    with pytest.raises(UserError, match='made with another --keep-objects'):
        extract(detector, cfg, tmp_path / 'large', replace(OPTIONS, keep_objects=True))


def test_an_extraction_is_gone_on_with_as_it_was_begun(cfg, detector, tmp_path, monkeypatch):
    """It was begun without object vectors, which are small now."""
    with monkeypatch.context() as patch:
        patch.setattr(extraction, 'extract_chunks', lambda *_: (_ for _ in ()).throw(UserError('killed')))
        with pytest.raises(UserError, match='killed'):
            extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=False))
    bank = extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert bank.object_vectors is None
    assert bank.provenance['identity']['keep_objects'] is False


def without_checkpoint(cfg, root, *draw):
    """Return a tap on a MobileNetV2 with weights for all but ``conv2``, which is drawn and no map depends on."""
    torch.manual_seed(0)
    weights = MODELS.build(dict(type='MobileNetV2', widen_factor=0.25)).state_dict()
    torch.save({key: value for key, value in weights.items() if 'conv2' not in key}, root / 'mobilenet.pth')
    cfg.model.backbone = dict(
        type='MobileNetV2',
        widen_factor=0.25,
        out_indices=(2, 4, 6),
        init_cfg=dict(type='Pretrained', checkpoint=str(root / 'mobilenet.pth')),
    )
    tap = build_tap(cfg, None, 'cpu')
    torch.nn.init.uniform_(tap.detector.backbone.conv2.conv.weight, *draw)
    return tap


def test_selecting_without_a_checkpoint_is_reused_and_resumed(cfg, tmp_path, monkeypatch):
    first, second = without_checkpoint(cfg, tmp_path, 0, 1), without_checkpoint(cfg, tmp_path, 2, 3)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(extraction, 'publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        extract_features(first, cfg, tmp_path / 'features', OPTIONS)
    bank = extract_features(second, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert not [name for name in bank.provenance['identity']['weights'] if 'conv2' in name]
    before = stamp(tmp_path)
    extract_features(first, cfg, tmp_path / 'features', OPTIONS)
    assert stamp(tmp_path) == before


def test_another_tap_of_one_detector_is_no_other_checkpoint(cfg, detector, tmp_path):
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    with pytest.raises(UserError, match='was made with another tap; name another'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, tap='neck'))


def digest_of_0_1(detector, tap):
    """The one SHA-256 of all weights that version 0.1 wrote down."""
    others = ('data_preprocessor', 'rpn_head') if tap == 'fc' else ('data_preprocessor', 'rpn_head', 'roi_head')
    digest = hashlib.sha256()
    for key, value in sorted(detector.state_dict().items()):
        if not key.startswith(others) and not any(part in key for part in ('fc_cls', 'fc_reg', 'num_batches')):
            digest.update(f'{key}:{value.dtype}:{tuple(value.shape)}'.encode() + value.numpy().tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize('tap', ['fc', 'neck'])
def test_a_bank_of_version_0_1_is_reused_where_its_single_digest_matches(tap, cfg, detector, tmp_path):
    bank = extract(detector, cfg, tmp_path / 'new', replace(OPTIONS, tap=tap))
    identity = {**bank.provenance['identity'], 'weights': digest_of_0_1(detector, tap)}
    identity['judge'] = identity.pop('label_scores')
    replace(bank, provenance={**bank.provenance, 'identity': identity}).save(tmp_path / 'features')
    before = stamp(tmp_path)
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, tap=tap))
    assert stamp(tmp_path) == before
    detector.backbone.conv1.weight.data.add_(1e-3)
    with pytest.raises(UserError, match='was made with another checkpoint; name'):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, tap=tap))


def test_an_extraction_whose_first_images_all_fail_in_one_way_is_given_up(cfg, detector, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, 'NUM_FAILURES', 3)
    write_coco(tmp_path, 5)
    cfg = small_config(tmp_path)
    for number in range(4):
        (tmp_path / 'images' / f'{number:03d}.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r'The first 3 images cannot be read, all of them for one reason'):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
