"""The datasets of tests/test_datasets, and a config that trains a tiny detector on them."""

import shutil

import pytest

from mmcsod.util.files import write_text
from tests.test_datasets.conftest import (  # noqa: F401
    VOC_PICKS,
    coco_coreset,
    coco_leaf,
    coco_root,
    make_coreset,
    mmdet_modules,
    voc_coreset,
    voc_root,
)

PAPER = 'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py'
TINY = """
_base_ = ['mmdet::_base_/default_runtime.py', 'mmdet::_base_/schedules/schedule_1x.py']
model = dict(
    type='RetinaNet',
    data_preprocessor=dict(type='DetDataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3, pad_size_divisor=32),
    backbone=dict(type='ResNet', depth=18, base_channels=8, stem_channels=8, num_stages=2, strides=(1, 2),
                  dilations=(1, 1), out_indices=(1, ), style='pytorch', norm_eval=False),
    neck=dict(type='FPN', in_channels=[16], out_channels=8, num_outs=1),
    bbox_head=dict(type='RetinaHead', num_classes=3, in_channels=8, feat_channels=8, stacked_convs=1,
                   anchor_generator=dict(type='AnchorGenerator', octave_base_scale=2, scales_per_octave=1,
                                         ratios=[1.0], strides=[8])),
    train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
                   sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1),
    test_cfg=dict(nms_pre=100, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=20))
train_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'), dataset={leaf})
val_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False), dataset={test_leaf})
val_evaluator = dict(type='CocoMetric', ann_file='{root}/train.json', metric='bbox')
test_dataloader, test_evaluator = val_dataloader, val_evaluator
"""
PIPELINE = [
    {'type': 'LoadImageFromFile'},
    {'type': 'LoadAnnotations', 'with_bbox': True},
    {'type': 'Resize', 'scale': (48, 48), 'keep_ratio': True},
    {'type': 'PackDetInputs'},
]


@pytest.fixture
def tiny_config(coco_root, tmp_path):  # noqa: F811
    """A one-stage detector on the pool of 20 images, with the schedule and runtime of stock configs."""
    path = tmp_path / 'tiny.py'
    write_text(
        path,
        TINY.replace('{root}', str(coco_root))
        .replace('{test_leaf}', repr(coco_leaf(coco_root, pipeline=PIPELINE, test_mode=True)))
        .replace('{leaf}', repr(coco_leaf(coco_root, pipeline=PIPELINE))),
    )
    return path


@pytest.fixture
def in_voc(voc_root, tmp_path, monkeypatch):  # noqa: F811
    """A working directory with data/VOCdevkit, as stock configs expect it, and a coreset of VOC's classes."""
    from mmdet.registry import DATASETS

    (tmp_path / 'data').mkdir()
    shutil.copytree(voc_root, tmp_path / 'data' / 'VOCdevkit')
    lists = tmp_path / 'data' / 'VOCdevkit' / 'VOC2007' / 'ImageSets' / 'Main'
    shutil.copy(lists / 'trainval.txt', lists / 'test.txt')
    make_coreset(VOC_PICKS, DATASETS.get('VOCDataset').METAINFO['classes']).save(tmp_path / 'coreset.json')
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'coreset.json'
