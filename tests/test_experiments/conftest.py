"""A real detector and a real dataset, as small as they can be: rectangles of two colours, a Faster R-CNN of width 8."""

import numpy as np
import pytest
from PIL import Image

from tests.sets import annotation, image_entry, write_labels

CLASSES = ('red', 'blue')
DETECTOR = """
_base_ = ['mmdet::_base_/models/faster-rcnn_r50_fpn.py', 'mmdet::_base_/default_runtime.py']
model = dict(
    backbone=dict(depth=18, base_channels=8, frozen_stages=-1, norm_eval=False, init_cfg=None),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=8),
    rpn_head=dict(in_channels=8, feat_channels=8),
    roi_head=dict(bbox_roi_extractor=dict(out_channels=8),
                  bbox_head=dict(in_channels=8, fc_out_channels=16, num_classes=2)))
pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(64, 64)),
            dict(type='LoadAnnotations', with_bbox=True), dict(type='PackDetInputs')]
train_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='InfiniteSampler'),
    dataset=dict(type='CocoDataset', data_root=DATA_ROOT, ann_file='pool.json', data_prefix=dict(img=''),
                 metainfo=dict(classes=('red', 'blue')), pipeline=pipeline))
val_dataloader = dict(
    batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='CocoDataset', data_root=DATA_ROOT, ann_file='pool.json', data_prefix=dict(img=''),
                 metainfo=dict(classes=('red', 'blue')), test_mode=True, pipeline=pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file=DATA_ROOT + 'pool.json', metric='bbox')
test_evaluator = val_evaluator
train_cfg = dict(type='IterBasedTrainLoop', max_iters=3, val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.002))
"""


def draw_image(rng, path):
    """Write an image of 64 x 64 with one to three rectangles and return its boxes x, y, w, h and their classes."""
    pixels = np.full((64, 64, 3), 128, np.uint8)
    objects = []
    for _ in range(rng.integers(1, 4)):
        x, y = rng.integers(0, 40, 2)
        width, height = rng.integers(12, 24, 2)
        label = int(rng.integers(2))
        pixels[y : y + height, x : x + width] = [(255, 0, 0), (0, 0, 255)][label]
        objects.append(([int(x), int(y), int(width), int(height)], label))
    Image.fromarray(pixels).save(path)
    return objects


@pytest.fixture(scope='session')
def detector_config(tmp_path_factory):
    """Path of the config of a detector of 12 images."""
    root = tmp_path_factory.mktemp('rectangles')
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for index in range(12):
        name = f'{index:02}.png'
        images.append(image_entry(index, name, (64, 64)))
        for box, label in draw_image(rng, root / name):
            annotations.append(annotation(len(annotations) + 1, index, label + 1, box))
    write_labels(root / 'pool.json', images, annotations, CLASSES)
    path = root / 'detector.py'
    path.write_text(DETECTOR.replace('DATA_ROOT', repr(f'{root.as_posix()}/')))
    return path
