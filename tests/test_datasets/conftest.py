"""Small real datasets on disk: two VOC devkits and a COCO file, with images of both orientations."""

import cv2
import numpy as np
import pytest
from mmengine.dataset import BaseDataset

from mmcsod.records.coreset import Coreset, Pick
from tests.sets import annotation, image_entry, write_labels, write_voc, write_voc_list

CLASSES = ('cat', 'dog', 'bird')


def write_image(path, width, height, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), pixels)


def image_size(index):
    if index == 5:
        return 24, 24  # too small for the filters of stock configs
    return (48, 32) if index % 3 else (32, 48)


@pytest.fixture(scope='session')
def voc_root(tmp_path_factory):
    """Devkits VOC2007 (10 images) and VOC2012 (14 images); file names repeat between them."""
    root = tmp_path_factory.mktemp('data') / 'VOCdevkit'
    for year, count in (('VOC2007', 10), ('VOC2012', 14)):
        names = [f'{index:06d}' for index in range(count)]
        for index, name in enumerate(names):
            write_image(root / year / 'JPEGImages' / f'{name}.jpg', *image_size(index), index)
            shown = range(1 + index % 3)
            objects = [(CLASSES[(index + k) % 3], (2 + k, 3, 20 + k, 25), int(k == 2)) for k in shown]
            write_voc(root / year, name, image_size(index), objects)
        write_voc_list(root / year, 'trainval', names)
    return root


@pytest.fixture(scope='session')
def coco_root(tmp_path_factory):
    """20 images in COCO format; category ids with gaps, one category that the classes leave out, a crowd."""
    root = tmp_path_factory.mktemp('data') / 'coco'
    images, annotations = [], []
    more = {'area': 300.25, 'segmentation': [[2.5, 3, 20, 3, 20, 23]], 'attributes': {'occluded': True}}
    for index in range(20):
        name, size = f'{index:04d}.jpg', image_size(index)
        write_image(root / 'train' / name, *size, 100 + index)
        images.append(image_entry(7 * index + 3, name, size, license=1, flickr_url=f'http://example.com/{index}'))
        for k in range(1 + index % 3):
            number, category = 1000 + len(annotations), (11, 17, 90)[(index + k) % 3]
            box = [2.5 + k, 3, 18, 20.5]
            annotations.append(annotation(number, images[-1]['id'], category, box, iscrowd=int(k == 2), **more))
    annotations.append(annotation(5000, images[0]['id'], 55, [1, 1, 9, 9], segmentation=[]))
    classes = {55: 'stray', 11: 'cat', 17: 'dog', 90: 'bird'}
    write_labels(root / 'train.json', images, annotations, classes, info={'year': 2024}, licenses=[{'id': 1}])
    return root


def voc_leaf(root, year, **kwargs):
    return {
        'type': 'VOCDataset',
        'data_root': str(root),
        'metainfo': {'classes': CLASSES},
        'ann_file': f'{year}/ImageSets/Main/trainval.txt',
        'data_prefix': {'sub_data_root': f'{year}/'},
        'pipeline': loading_pipeline(),
        **kwargs,
    }


def coco_leaf(root, **kwargs):
    return {
        'type': 'CocoDataset',
        'data_root': str(root),
        'metainfo': {'classes': CLASSES},
        'ann_file': 'train.json',
        'data_prefix': {'img': 'train/'},
        'pipeline': loading_pipeline(),
        **kwargs,
    }


def loading_pipeline():
    return [{'type': 'LoadImageFromFile'}, {'type': 'LoadAnnotations', 'with_bbox': True}]


def make_coreset(image_ids, classes=CLASSES):
    return Coreset(picks=tuple(Pick(image) for image in image_ids), classes=tuple(classes), method='test')


COCO_PICKS = [f'train/{number:04d}.jpg' for number in (13, 2, 7, 4, 18, 9, 3, 0)]
VOC_PICKS = [
    f'VOC20{year}/JPEGImages/{number:06d}.jpg'
    for year, number in (('12', 3), ('07', 3), ('07', 0), ('12', 11), ('07', 8), ('12', 6))
]


@pytest.fixture
def coco_coreset(tmp_path):
    path = tmp_path / 'coco_coreset.json'
    make_coreset(COCO_PICKS).save(path)
    return path


@pytest.fixture
def voc_coreset(tmp_path):
    path = tmp_path / 'voc_coreset.json'
    make_coreset(VOC_PICKS).save(path)
    return path


@pytest.fixture(scope='session', autouse=True)
def mmdet_modules():
    from mmdet.utils import register_all_modules

    import mmcsod

    register_all_modules(init_default_scope=True)
    mmcsod.register_all_modules()


@pytest.fixture
def read_images(monkeypatch):
    """The images whose annotations are read, by whatever wrapper, from the moment the fixture is called on."""
    seen = []
    original = BaseDataset.prepare_data

    def spy(self, idx):
        seen.append(self.get_data_info(idx)['img_path'])
        return original(self, idx)

    monkeypatch.setattr(BaseDataset, 'prepare_data', spy)
    return seen
