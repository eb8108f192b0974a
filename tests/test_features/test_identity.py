"""Which banks are of one extraction, and which are not."""

import hashlib
from dataclasses import replace

import pytest
import torch
from mmdet.registry import MODELS

from mmcsod.features import extract as extraction
from mmcsod.features.detector import build_tap
from mmcsod.features.extract import extract_features
from mmcsod.util.errors import UserError

from .conftest import OPTIONS, extract, stamp


def test_a_bank_with_object_vectors_serves_whoever_did_not_ask_for_them(cfg, detector, tmp_path, caplog):
    extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=True))
    before = stamp(tmp_path)
    for keep_objects in (None, False, True):
        extract(detector, cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=keep_objects))
        assert stamp(tmp_path) == before


def test_object_vectors_are_kept_where_they_are_small(cfg, detector, tmp_path, monkeypatch):
    small = extract(detector, cfg, tmp_path / 'small', OPTIONS)
    assert small.object_vectors is not None
    monkeypatch.setattr('mmcsod.features.options.FEW_OBJECTS', len(small.objects) - 1)
    assert extract(detector, cfg, tmp_path / 'large', OPTIONS).object_vectors is None
    extract(detector, cfg, tmp_path / 'small', OPTIONS)  # reused
    with pytest.raises(UserError, match='made with another --keep-objects'):
        extract(detector, cfg, tmp_path / 'large', replace(OPTIONS, keep_objects=True))


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
