import json
from pathlib import Path

import pytest

from mmcsod.export import export_coreset
from mmcsod.records.coreset import Coreset
from tests.test_datasets.conftest import COCO_PICKS, VOC_PICKS


@pytest.mark.parametrize('mode', ['reference', 'copy'])
def test_the_pool_is_divided(mode, coco_root, coco_config, coco_coreset, tmp_path):
    export_coreset(Coreset.load(coco_coreset), coco_config, 'fiftyone', tmp_path / 'out', mode)
    root = f'{coco_root}/' if mode == 'reference' else ''
    parts = {part: json.loads((tmp_path / 'out' / f'{part}.json').read_text()) for part in ('keep', 'drop')}
    names = {part: [image['file_name'] for image in content['images']] for part, content in parts.items()}
    assert names['keep'] == sorted(f'{root}{image}' for image in COCO_PICKS)
    assert len(names['drop']) == 20 - len(COCO_PICKS)
    assert not set(names['keep']) & set(names['drop'])
    assert all((tmp_path / 'out' / 'data' / name).is_file() for part in names.values() for name in part)
    assert {annotation['image_id'] for annotation in parts['keep']['annotations']} == set(range(1, 9))


def test_the_pool_of_several_sources_is_one(voc_root, voc_config, voc_coreset, tmp_path):
    export_coreset(Coreset.load(voc_coreset), voc_config, 'lightly', tmp_path / 'out')
    keep = json.loads((tmp_path / 'out' / 'keep.json').read_text())
    assert {image['file_name'] for image in keep['images']} == {str(Path(voc_root, image)) for image in VOC_PICKS}
