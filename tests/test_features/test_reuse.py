"""What an earlier run left is reused, gone on with or replaced; never where that would be wrong."""

from dataclasses import replace

import numpy as np
import pytest

from mmcsod.features import dataset
from mmcsod.features.reader import FeatureReader
from mmcsod.util.errors import UserError

from .conftest import OPTIONS, bring_back, build, extract, small_config, stamp, write_coco


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


@pytest.mark.parametrize('name', ['meta.json', 'vectors.npy'])
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


def test_an_extraction_whose_first_images_all_fail_in_one_way_is_given_up(cfg, detector, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, 'NUM_FAILURES', 3)
    write_coco(tmp_path, 5)
    cfg = small_config(tmp_path)
    for number in range(4):
        (tmp_path / 'images' / f'{number:03d}.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r'The first 3 images cannot be read, all of them for one reason'):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)
