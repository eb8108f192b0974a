"""A tap of one's own, as mmcsod/features/taps/README.md shows it, from the config to the bank."""

import re
from pathlib import Path

import numpy as np
import pytest

from mmcsod.features.detector import untrained_detector
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.taps import TAPS, attach_tap
from mmcsod.util.config import load_config

from ..conftest import extract, use_data

PAGE = Path(__file__).parents[3] / 'mmcsod' / 'features' / 'taps' / 'README.md'


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The page's example as a file that a config imports; forgotten afterwards."""
    code = next(block for block in re.findall(r'```python\n(.*?)```', PAGE.read_text(), re.S) if 'TAPS' in block)
    (tmp_path / 'my_tap.py').write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    TAPS.module_dict.pop('class-branch', None)


def test_the_page_s_tap_is_registered_by_the_config_and_taken_by_auto(example, coco_root, tmp_path):
    (tmp_path / 'config.py').write_text(
        "_base_ = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'\n"
        "custom_imports = dict(imports=['my_tap'], allow_failed_imports=False)\n"
    )
    cfg = use_data(load_config(str(tmp_path / 'config.py')), coco_root)
    cfg.train_dataloader.dataset.indices = 2
    detector = untrained_detector(cfg)
    tap = attach_tap(detector)
    assert tap.name == 'class-branch'
    assert 'bbox_head.cls_convs.0.conv.weight' in tap.tensors
    assert 'bbox_head.retina_cls.weight' not in tap.tensors
    bank = extract(detector, cfg, tmp_path / 'features', ExtractionOptions(num_workers=0))
    plain = extract(detector, cfg, tmp_path / 'plain', ExtractionOptions(num_workers=0, tap='neck'))
    assert bank.provenance['identity']['tap'] == 'class-branch'
    assert bank.vectors.shape == plain.vectors.shape
    assert not np.allclose(bank.vectors, plain.vectors)
