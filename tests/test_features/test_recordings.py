"""Recordings are a field that CocoDataset drops, or a part of the image id, and are kept in the bank."""

import json
from dataclasses import replace

import pytest

from mmcsod.features.options import ExtractionOptions
from mmcsod.records.bank import FeatureBank
from mmcsod.selection.recordings import find_recordings
from mmcsod.util.errors import UserError

from .conftest import build, extract, small_config, write_coco

OPTIONS = ExtractionOptions(num_workers=0)


@pytest.fixture
def cfg(tmp_path):
    """Four images: two clips, and one image of none; in the file they stand in another order than their ids."""
    write_coco(tmp_path, 4)
    path = tmp_path / 'train.json'
    content = json.loads(path.read_text())
    for entry, clip in zip(content['images'], ('a', 'b', None, 7), strict=True):
        entry['clip'] = clip
    path.write_text(json.dumps(content))
    return small_config(tmp_path)


def test_a_bank_keeps_recordings_and_a_reused_one_gets_them(cfg, tmp_path):
    detector, folder = build(cfg), tmp_path / 'features'
    assert extract(detector, cfg, folder, OPTIONS).recordings is None
    before = (folder / 'vectors.npy').stat()
    for group, wanted in (('clip', ('a', 'b', '', '7')), (r'(\d\d)\d\.', ('00',) * 4)):
        bank = extract(detector, cfg, folder, replace(OPTIONS, group=group))
        assert bank.recordings == wanted == FeatureBank.load(folder).recordings
        assert find_recordings(bank, None) == find_recordings(bank, group) == wanted
    after = (folder / 'vectors.npy').stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert extract(detector, cfg, folder, OPTIONS).recordings == wanted
    with pytest.raises(UserError, match=r"has recordings by .* --group is 'clip': give the labels"):
        find_recordings(bank, 'clip')


@pytest.mark.parametrize(
    ('group', 'said'), [('video', r"the field 'video' .*clip"), ('(x)y', 'fits no image'), ('(a', 'not a pattern')]
)
def test_a_group_that_is_not_there_ends_before_anything_is_read(group, said, cfg, tmp_path):
    with pytest.raises(UserError, match=said):
        extract(build(cfg), cfg, tmp_path / 'features', replace(OPTIONS, group=group))
    assert not list(tmp_path.glob('features*'))
