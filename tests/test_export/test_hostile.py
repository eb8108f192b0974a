"""Annotation files with odd or hostile names and values: no image is lost, no other file is touched or taken."""

import json
import shutil

import pytest
import yaml
from mmdet.registry import DATASETS

from mmcsod.export import export_coreset
from mmcsod.export.yolo import data_yaml
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import CLASSES, coco_leaf, make_coreset, voc_leaf
from tests.test_export.conftest import training_config


@pytest.fixture
def own_root(coco_root, tmp_path):
    """A copy of the pool of 20 images, to be changed."""
    return shutil.copytree(coco_root, tmp_path / 'pool' / 'coco')


def export(ids, leaves, file_format, out, mode='reference', classes=CLASSES):
    return export_coreset(make_coreset(ids, classes), training_config(*leaves), file_format, out, mode).settings


def exported(settings, leaf):
    """The file names that stock datasets read from an export."""
    names = []
    for source in settings:
        dataset = DATASETS.build({**leaf, **source})
        names += [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]
    return sorted(name.rpartition('/')[2] for name in names)


@pytest.mark.parametrize('mode', ['reference', 'copy'])
def test_halves_of_one_annotation_file(mode, own_root, tmp_path):
    leaves = [coco_leaf(own_root, indices=list(range(*part))) for part in ((0, 10), (10, 18))]
    built = [DATASETS.build(leaf) for leaf in leaves]
    ids = ['train/' + dataset.get_data_info(0)['img_path'].rpartition('/')[2] for dataset in built]
    settings = export(ids, leaves, 'coco', tmp_path / 'out', mode)
    assert exported(settings, leaves[0]) == sorted(name.rpartition('/')[2] for name in ids)


def test_one_annotation_file_with_two_prefixes(own_root, tmp_path):
    shutil.copytree(own_root / 'train', own_root / 'twin')
    leaves = [coco_leaf(own_root, data_prefix={'img': prefix}) for prefix in ('train/', 'twin/')]
    settings = export(['train/0002.jpg', 'twin/0007.jpg'], leaves, 'coco', tmp_path / 'out', 'copy')
    assert exported(settings, leaves[0]) == ['0002.jpg', '0007.jpg']


def test_halves_of_one_voc_list(voc_root, tmp_path):
    leaves = [voc_leaf(voc_root, 'VOC2007', indices=part) for part in ([0, 1, 2], [3, 4, 5])]
    names = [DATASETS.build(leaf).get_data_info(0)['img_id'] for leaf in leaves]
    settings = export([f'VOC2007/JPEGImages/{name}.jpg' for name in names], leaves, 'voc', tmp_path / 'out')
    assert exported(settings, leaves[0]) == [f'{name}.jpg' for name in sorted(names)]


def test_a_source_called_as_the_converted_file(own_root, voc_root, tmp_path):
    for folder in ('VOC2007', 'VOC2012'):
        shutil.copytree(voc_root / folder, own_root / folder)
    (own_root / 'train.json').rename(own_root / 'annotations.json')
    # The other way round ConcatDataset may not find `dataset_type`.
    leaves = [voc_leaf(own_root, 'VOC2007'), coco_leaf(own_root, ann_file='annotations.json')]
    ids = ['train/0002.jpg', 'VOC2007/JPEGImages/000003.jpg']
    settings = export(ids, leaves, 'coco', tmp_path / 'out', 'copy')
    assert len({source['ann_file'] for source in settings}) == 2
    assert exported(settings, leaves[1]) == ['000003.jpg', '0002.jpg']


def name_an_image(root, name):
    """Have the annotations call the file of an image with objects ``name``."""
    content = json.loads((root / 'train.json').read_text())
    next(image for image in content['images'] if image['file_name'] == '0002.jpg')['file_name'] = name
    (root / 'train.json').write_text(json.dumps(content))


def test_a_link_is_never_written_through(own_root, tmp_path):
    """The annotations name themselves as an image, so that a link to them lies where the export's own belong."""
    name_an_image(own_root, '../train.json')
    before = (own_root / 'train.json').read_bytes()
    export(['train.json', 'train/0004.jpg'], [coco_leaf(own_root)], 'coco', tmp_path / 'out', 'link')
    assert (own_root / 'train.json').read_bytes() == before
    images = json.loads((tmp_path / 'out' / 'train_2.json').read_text())['images']
    assert [image['file_name'].rpartition('/')[2] for image in images] == ['train.json', '0004.jpg']


@pytest.mark.parametrize('mode', ['copy', 'link'])
@pytest.mark.parametrize('absolute', [False, True])
def test_no_other_file_of_the_machine_is_taken_along(mode, absolute, own_root, tmp_path):
    secret = own_root.parent / 'secret'
    secret.write_text('key')
    name_an_image(own_root, str(secret) if absolute else '../../secret')
    with pytest.raises(UserError, match='the folders that the config names'):
        export([str(secret)], [coco_leaf(own_root)], 'coco', tmp_path / 'out', mode)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', ['a\nb.jpg', 'a\u2028b.jpg', 'a\rb.jpg', 'a\x85b.jpg'])
def test_no_name_adds_lines_to_a_list(name, own_root, tmp_path):
    (own_root / 'train' / '0002.jpg').rename(own_root / 'train' / name)
    name_an_image(own_root, name)
    with pytest.raises(UserError, match=r'control characters in its name|without a usable file_name'):
        export([f'train/{name}'], [coco_leaf(own_root)], 'yolo', tmp_path / 'out', 'copy')


@pytest.mark.parametrize(
    'name', ['a\nb', 'a: b', '"', '\\', '#x', 'a\x7fb', 'a\x85b', 'a\u2028b', 'é', '\U0001f600', '']
)
def test_every_class_name_survives_the_yaml_file(name):
    assert yaml.safe_load(data_yaml([name, 'cat']))['names'] == {0: name, 1: 'cat'}
