"""A small COCO-format training set with everything that goes wrong in real ones, and detectors to read it with."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config

from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.taps import attach_tap
from mmcsod.util.config import load_config
from tests.sets import annotation, image_entry, write_labels

CLASSES = ('cat', 'dog', 'bird')
# Landscape, portrait and square images, so that batches have to be formed by padded shape.
SIZES = ((160, 96), (96, 160), (128, 128), (150, 100))


def write_image(path, size, seed):
    """Draw rectangles on a gradient: smooth enough that features vary with content, not with noise."""
    width, height = size
    rng = np.random.default_rng(seed)
    image = np.linspace(0, 200, width * height * 3).reshape(height, width, 3)
    for _ in range(6):
        x, y = rng.integers(0, width - 20), rng.integers(0, height - 20)
        image[y : y + rng.integers(10, 60), x : x + rng.integers(10, 60)] = rng.integers(0, 255, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image.astype(np.uint8))


def random_box(rng, size):
    x, y = rng.uniform(0, size[0] - 30), rng.uniform(0, size[1] - 30)
    return [float(x), float(y), float(rng.uniform(8, size[0] - x)), float(rng.uniform(8, size[1] - y))]


def write_coco(root, num_images, extra=()):
    """Write ``num_images`` images of 1 to 4 objects; ``extra`` are annotations that overwrite fields of new ones."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for index in range(num_images):
        size = SIZES[index % len(SIZES)]
        write_image(root / 'images' / f'{index:03d}.png', size, index)
        images.append(image_entry(index, f'{index:03d}.png', size))
        for _ in range(1 + index % 4):
            category = 1 + int(rng.integers(3))
            annotations.append(annotation(len(annotations) + 1, index, category, random_box(rng, size)))
    for fields in extra:
        new = annotation(len(annotations) + 1, 0, 1, fields.get('bbox', [10, 10, 30, 30]))
        annotations.append({**new, **fields})
    write_labels(root / 'train.json', images, annotations, CLASSES)
    return annotations


@pytest.fixture(scope='session', autouse=True)
def _mmdet_scope():
    register_all_modules(init_default_scope=True)


@pytest.fixture(scope='session')
def coco_root(tmp_path_factory):
    root = tmp_path_factory.mktemp('coco')
    write_coco(root, 12)
    return root


def use_data(cfg, root, scale=(192, 128)):
    """Point a stock config's training and test datasets to a set that :func:`write_coco` wrote."""
    data = dict(
        type='CocoDataset',
        data_root=f'{root}/',
        ann_file='train.json',
        data_prefix=dict(img='images/'),
        metainfo=dict(classes=CLASSES),
    )
    cfg.train_dataloader = dict(
        dataset=dict(
            **data,
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True),
                dict(type='RandomResize', scale=[(400, 300), (300, 200)], keep_ratio=True),
                dict(type='RandomFlip', prob=1.0),
                dict(type='PackDetInputs'),
            ],
        )
    )
    cfg.test_dataloader = dict(
        dataset=dict(
            **data,
            test_mode=True,
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='Resize', scale=scale, keep_ratio=True),
                dict(type='LoadAnnotations', with_bbox=True),
                dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
            ],
        )
    )
    return cfg


def build(cfg):
    """Build a detector with weights that depend on nothing but a seed; normalisation statistics are not trivial."""
    register_all_modules(init_default_scope=True)
    torch.manual_seed(0)
    detector = MODELS.build(cfg.model)
    for module in detector.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    return detector


def extract(detector, cfg, directory, options):
    """Run Stage 1 with a detector that is there already."""
    return extract_features(attach_tap(detector, options.tap), cfg, directory, options)


def small_config(root, **kwargs):
    """Return Faster R-CNN with FPN, small enough to run many times."""
    cfg = load_config('mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py')
    cfg.merge_from_dict(
        {
            'model.backbone': dict(_delete_=True, type='ResNet', depth=18, base_channels=16, out_indices=(0, 1, 2, 3)),
            'model.neck.in_channels': [16, 32, 64, 128],
            'model.neck.out_channels': 32,
            'model.rpn_head.in_channels': 32,
            'model.rpn_head.feat_channels': 32,
            'model.roi_head.bbox_roi_extractor.out_channels': 32,
            'model.roi_head.bbox_head.in_channels': 32,
            'model.roi_head.bbox_head.fc_out_channels': 64,
            'model.roi_head.bbox_head.num_classes': 3,
        }
    )
    cfg.model.backbone.pop('_delete_', None)
    return use_data(Config(cfg.to_dict()), root, **kwargs)


@pytest.fixture
def cfg(coco_root):
    return small_config(coco_root)


@pytest.fixture
def detector(cfg):
    return build(cfg)


OPTIONS = ExtractionOptions(num_workers=0, batch_size=4)


def stamp(folder):
    return (folder / 'features' / 'vectors.npy').stat().st_mtime_ns


@pytest.fixture
def hidden(tmp_path):
    """A training set of four images, two of which are out of reach, as below a mount that is gone."""
    write_coco(tmp_path, 4)
    for name in ('001.png', '002.png'):
        (tmp_path / 'images' / name).rename(tmp_path / name)
    return tmp_path


def bring_back(root, *names):
    for name in names:
        (root / name).rename(root / 'images' / name)
