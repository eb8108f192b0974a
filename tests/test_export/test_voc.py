import shutil

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmcsod.export import export_coreset
from mmcsod.labels.config import write_config
from mmcsod.labels.voc import VOCFolder, read_objects
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import CLASSES, COCO_PICKS, VOC_PICKS, make_coreset, voc_leaf


@pytest.mark.parametrize('images', ['reference', 'link', 'copy'])
def test_mmdet_reads_the_same_samples(images, voc_root, voc_config, voc_coreset, tmp_path):
    settings = export_coreset(voc_coreset, voc_config, 'voc', tmp_path / 'out', images).settings
    root = voc_root if images == 'reference' else tmp_path / 'out'
    assert images != 'reference' or sum(path.is_file() for path in (tmp_path / 'out').rglob('*')) == 2  # lists alone
    for year, changes in zip(('VOC2007', 'VOC2012'), settings, strict=True):
        dataset = DATASETS.build({**voc_leaf(voc_root, year), **changes})
        pool = DATASETS.build(voc_leaf(voc_root, year))
        expected = {
            info['img_path'].removeprefix(f'{voc_root}/'): info['instances']
            for info in map(pool.get_data_info, range(len(pool)))
        }
        found = {
            info['img_path'].removeprefix(f'{root}/'): info['instances']
            for info in map(dataset.get_data_info, range(len(dataset)))
        }
        assert found == {image: expected[image] for image in VOC_PICKS if image.startswith(year)}
        assert list(found) == sorted(found)  # the list's own order
        assert dataset[0]['img'].shape[2] == 3


def test_xml_files_that_are_placed_hold_no_impossible_sizes(voc_root, tmp_path):
    root = shutil.copytree(voc_root, tmp_path / 'VOCdevkit')
    for path in (root / 'VOC2007' / 'Annotations').iterdir():
        path.write_text(path.read_text().replace('<size><width>', '<size><width>-'))
    config = Config({'train_dataloader': {'dataset': voc_leaf(root, 'VOC2007')}})
    coreset = make_coreset([image for image in VOC_PICKS if image.startswith('VOC2007')])
    (changes,) = export_coreset(coreset, config, 'voc', tmp_path / 'out', 'link').settings
    dataset = DATASETS.build({**voc_leaf(root, 'VOC2007'), **changes})
    assert [dataset.get_data_info(index)['width'] for index in range(3)] == [32, 32, 48]


def test_voc_labels_come_back_as_they_were(voc_root, tmp_path):
    config = write_config(voc_root / 'VOC2012', tmp_path / 'labels')
    names = [f'{index:06d}' for index in range(14)]
    coreset = make_coreset([f'{name}.jpg' for name in names], sorted(CLASSES))
    export = export_coreset(coreset, config, 'voc', tmp_path / 'out')
    assert not export.left_out.counts
    there = {'ann_file': 'ImageSets/Main/train.txt', 'data_prefix': {'sub_data_root': ''}}
    read = [
        [
            (info['img_id'], info['width'], info['height'], info['instances'])
            for info in map(dataset.get_data_info, range(14))
        ]
        for dataset in (
            DATASETS.build(voc_leaf(voc_root, 'VOC2012')),
            DATASETS.build({**voc_leaf(tmp_path / 'out', ''), **there}),
        )
    ]
    assert read[0] == read[1]
    assert (tmp_path / 'out' / 'JPEGImages' / '000003.jpg').is_symlink()


def test_fractions_of_a_pixel_stay_and_images_have_to_be_beside(coco_config, coco_coreset, tmp_path):
    with pytest.raises(UserError, match='VOC has images in a folder beside the annotations'):
        export_coreset(coco_coreset, coco_config, 'voc', tmp_path / 'out', 'reference')
    assert list(tmp_path.glob('*out*')) == []
    export_coreset(coco_coreset, coco_config, 'voc', tmp_path / 'out', 'copy')
    folder = VOCFolder(tmp_path / 'out')
    assert len(folder.images) == len(COCO_PICKS)
    objects = [each for path in folder.annotations.values() for each in read_objects(path)]
    assert {each.box for each in objects} == {(2.5 + k, 3, 18, 20.5) for k in range(3)}
    assert {each.is_difficult for each in objects if each.box[0] == 4.5} == {True}
