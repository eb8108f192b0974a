"""What an earlier run left is reused, gone on with or replaced; never where that would be wrong."""

from dataclasses import replace

import pytest

from mmcsod.errors import UserError
from mmcsod.features import extract
from mmcsod.features.extract import extract_bank
from mmcsod.features.options import ExtractionOptions

from .conftest import build, small_config, write_coco

OPTIONS = ExtractionOptions(num_workers=0, batch_size=4)


def stamp(folder):
    return (folder / 'features' / 'vectors.npy').stat().st_mtime_ns


def test_a_finished_bank_is_reused_and_says_so(cfg, detector, tmp_path, caplog):
    extract_bank(detector, cfg, tmp_path / 'features', OPTIONS)
    before = stamp(tmp_path)
    with caplog.at_level('INFO', 'mmcsod'):
        extract_bank(detector, cfg, tmp_path / 'features', replace(OPTIONS, batch_size=2))
    assert 'reused' in caplog.text
    assert stamp(tmp_path) == before
    extract_bank(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True, resume=True))
    assert stamp(tmp_path) == before
    extract_bank(detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert stamp(tmp_path) > before


@pytest.mark.parametrize(('change', 'named'), [
    (lambda cfg, d: None, 'tap'),
    (lambda cfg, d: d.backbone.conv1.weight.data.add_(1e-3), 'checkpoint'),
    (lambda cfg, d: cfg.test_dataloader.dataset.pipeline[1].update(scale=(224, 160)), 'image scale'),
    (lambda cfg, d: cfg.train_dataloader.dataset.update(indices=5), 'dataset'),
    (lambda cfg, d: cfg.model.backbone.update(norm_eval=False), 'model config'),
])
def test_a_bank_of_something_else_is_never_reused(change, named, coco_root, tmp_path):
    cfg = small_config(coco_root)
    extract_bank(build(cfg), cfg, tmp_path / 'features', OPTIONS)
    detector = build(cfg)
    change(cfg, detector)
    options = replace(OPTIONS, tap='roi') if named == 'tap' else OPTIONS
    with pytest.raises(UserError, match=f'made with another {named}.*--overwrite'):
        extract_bank(detector, cfg, tmp_path / 'features', options)
    extract_bank(detector, cfg, tmp_path / 'features', replace(options, overwrite=True))
    extract_bank(detector, cfg, tmp_path / 'features', options)


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
    extract_bank(detector, cfg, hidden / 'features', OPTIONS)
    caplog.clear()
    with caplog.at_level('INFO', 'mmcsod'):
        extract_bank(detector, cfg, hidden / 'features', OPTIONS)
    assert 'reused' in caplog.text
    assert 'images/002.png could not be read (FileNotFoundError: ' in caplog.text
    with pytest.raises(UserError, match=r'001\.png cannot be read.*--strict'):
        extract_bank(detector, cfg, hidden / 'features', replace(OPTIONS, strict=True))
    bring_back(hidden, '002.png')
    bank = extract_bank(detector, cfg, hidden / 'features', OPTIONS)
    assert bank.provenance['unreadable_images'] == ['images/001.png']
    bring_back(hidden, '001.png')
    bank = extract_bank(detector, cfg, hidden / 'features', replace(OPTIONS, strict=True))
    assert set(bank.image_ids) == set(bank.images)


def test_of_nothing_readable_no_bank_is_made(hidden):
    (hidden / 'images').rename(hidden / 'away')
    cfg = small_config(hidden)
    with pytest.raises(UserError, match='Not one of the 4 images'):
        extract_bank(build(cfg), cfg, hidden / 'features', OPTIONS)
    assert not list(hidden.glob('features*'))
    (hidden / 'away').rename(hidden / 'images')
    assert len(extract_bank(build(cfg), cfg, hidden / 'features', OPTIONS))


def kill_before_joining(monkeypatch, *arguments):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(extract, '_publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        extract_bank(*arguments)


def test_a_resumed_extraction_tries_unreadable_images_again(hidden, monkeypatch):
    cfg = small_config(hidden)
    detector = build(cfg)
    kill_before_joining(monkeypatch, detector, cfg, hidden / 'features', OPTIONS)
    bring_back(hidden, '001.png', '002.png')
    bank = extract_bank(detector, cfg, hidden / 'features', replace(OPTIONS, resume=True))
    assert bank.provenance['unreadable_images'] == []


def test_a_forced_extraction_that_was_killed_is_gone_on_with(cfg, detector, tmp_path, monkeypatch):
    extract_bank(detector, cfg, tmp_path / 'features', OPTIONS)
    before = stamp(tmp_path)
    kill_before_joining(monkeypatch, detector, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert stamp(tmp_path) == before
    extract_bank(detector, cfg, tmp_path / 'features', replace(OPTIONS, resume=True))
    assert stamp(tmp_path) > before
