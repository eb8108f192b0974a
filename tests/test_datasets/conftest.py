"""Small real datasets on disk: two VOC devkits and a COCO file, with images of both orientations."""

import json

import cv2
import numpy as np
import pytest
from mmengine.dataset import BaseDataset

from mmcsod.records.coreset import Coreset, Pick

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
            width, height = image_size(index)
            write_image(root / year / 'JPEGImages' / f'{name}.jpg', width, height, index)
            objects = ''.join(
                f'<object><name>{CLASSES[(index + k) % 3]}</name><difficult>{int(k == 2)}</difficult><bndbox>'
                f'<xmin>{2 + k}</xmin><ymin>3</ymin><xmax>{20 + k}</xmax><ymax>25</ymax></bndbox></object>'
                for k in range(1 + index % 3)
            )
            annotation = root / year / 'Annotations' / f'{name}.xml'
            annotation.parent.mkdir(exist_ok=True)
            annotation.write_text(
                f'<annotation><size><width>{width}</width><height>{height}</height><depth>3</depth>'
                f'</size>{objects}</annotation>'
            )
        lists = root / year / 'ImageSets' / 'Main'
        lists.mkdir(parents=True)
        (lists / 'trainval.txt').write_text('\n'.join(names) + '\n')
    return root


@pytest.fixture(scope='session')
def coco_root(tmp_path_factory):
    """20 images in COCO format; category ids with gaps, one category that the classes leave out, a crowd."""
    root = tmp_path_factory.mktemp('data') / 'coco'
    images, annotations = [], []
    for index in range(20):
        width, height = image_size(index)
        write_image(root / 'train' / f'{index:04d}.jpg', width, height, 100 + index)
        images.append(
            {
                'id': 7 * index + 3,
                'file_name': f'{index:04d}.jpg',
                'width': width,
                'height': height,
                'license': 1,
                'flickr_url': f'http://example.com/{index}',
            }
        )
        for k in range(1 + index % 3):
            annotations.append(
                {
                    'id': 1000 + len(annotations),
                    'image_id': images[-1]['id'],
                    'category_id': (11, 17, 90)[(index + k) % 3],
                    'bbox': [2.5 + k, 3, 18, 20.5],
                    'area': 300.25,
                    'iscrowd': int(k == 2),
                    'segmentation': [[2.5, 3, 20, 3, 20, 23]],
                    'attributes': {'occluded': True},
                }
            )
    annotations.append(
        {
            'id': 5000,
            'image_id': images[0]['id'],
            'category_id': 55,
            'bbox': [1, 1, 9, 9],
            'area': 81,
            'iscrowd': 0,
            'segmentation': [],
        }
    )
    categories = [
        {'id': number, 'name': name, 'supercategory': 'animal'}
        for number, name in ((55, 'stray'), (11, 'cat'), (17, 'dog'), (90, 'bird'))
    ]
    content = {
        'info': {'year': 2024},
        'licenses': [{'id': 1}],
        'images': images,
        'annotations': annotations,
        'categories': categories,
    }
    (root / 'train.json').write_text(json.dumps(content))
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


COCO_PICKS = [
    'train/0013.jpg',
    'train/0002.jpg',
    'train/0007.jpg',
    'train/0004.jpg',
    'train/0018.jpg',
    'train/0009.jpg',
    'train/0003.jpg',
    'train/0000.jpg',
]
VOC_PICKS = [
    'VOC2012/JPEGImages/000003.jpg',
    'VOC2007/JPEGImages/000003.jpg',
    'VOC2007/JPEGImages/000000.jpg',
    'VOC2012/JPEGImages/000011.jpg',
    'VOC2007/JPEGImages/000008.jpg',
    'VOC2012/JPEGImages/000006.jpg',
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
