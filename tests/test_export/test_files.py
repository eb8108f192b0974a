import json

import pytest

from mmcsod.export import export_coreset
from mmcsod.export.files import FilePlacer, inside
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import make_coreset


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('train/1.jpg', 'images/train/1.jpg'),
        ('/abs/1.jpg', 'images/abs/1.jpg'),
        ('../up/1.jpg', 'images/up/1.jpg'),
        ('s3://bucket/1.jpg', 'images/bucket/1.jpg'),
    ],
)
def test_names_stay_inside(name, expected):
    assert str(inside(name, 'images')) == expected


def test_an_existing_folder_is_left_alone(coco_config, coco_coreset, tmp_path):
    (tmp_path / 'out').mkdir()
    with pytest.raises(UserError, match='exists already'):
        export_coreset(coco_coreset, coco_config, 'coco', tmp_path / 'out')


def test_nothing_is_left_of_a_failure(coco_root, coco_config, tmp_path):
    content = json.loads((coco_root / 'train.json').read_text())
    content['images'].append({'id': 9999, 'file_name': 'gone.jpg', 'width': 48, 'height': 32})
    (tmp_path / 'with_gone.json').write_text(json.dumps(content))
    coco_config.train_dataloader.dataset.dataset.ann_file = str(tmp_path / 'with_gone.json')
    coreset = make_coreset(['train/0001.jpg', 'train/gone.jpg'])
    with pytest.raises(UserError, match=r'gone\.jpg does not exist'):
        export_coreset(coreset, coco_config, 'coco', tmp_path / 'out', 'copy')
    assert [path.name for path in tmp_path.iterdir()] == ['with_gone.json']


def test_two_files_for_one_place_are_refused(tmp_path):
    for folder in ('a', 'b'):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / '1.jpg').write_bytes(b'x')
    placer = FilePlacer(tmp_path / 'out', str(tmp_path / 'out'), 'copy')
    placer.place(str(tmp_path / 'a/1.jpg'), '../x/1.jpg')
    with pytest.raises(UserError, match=r'would both become x/1\.jpg'):
        placer.place(str(tmp_path / 'b/1.jpg'), '/x/1.jpg')


def test_remote_images_can_only_be_referenced(tmp_path):
    placer = FilePlacer(tmp_path, str(tmp_path), 'link')
    with pytest.raises(UserError, match='not a local file'):
        placer.place('s3://bucket/1.jpg', '1.jpg')
