"""Boxes keep the order of the annotations, and faults are told apart: an image's, a pipeline's, our own."""

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmcsod.features import dataset
from mmcsod.features.packed_boxes import packed_boxes


def packed(used, ignored, **metainfo):
    sample = DetDataSample(metainfo=metainfo)
    sample.gt_instances = InstanceData(bboxes=torch.tensor(used, dtype=torch.float32))
    sample.ignored_instances = InstanceData(bboxes=torch.tensor(ignored, dtype=torch.float32))
    return sample


INFO = {'instances': [{'ignore_flag': 0}, {'ignore_flag': 1}, {'ignore_flag': 0}]}


def test_ignored_boxes_go_back_to_their_place():
    boxes = packed_boxes(INFO, packed([[0.0] * 4, [2.0] * 4], [[1.0] * 4], border=[5, 0, 7, 0]))
    assert boxes.tolist() == [[row + 7, row + 5, row + 7, row + 5] for row in range(3)]


def test_boxes_that_a_pipeline_drops_are_missed():
    assert packed_boxes(INFO, packed([[0.0] * 4], [[1.0] * 4])) is None
    assert packed_boxes(INFO, DetDataSample(gt_instances=InstanceData(), ignored_instances=InstanceData())) is None


def test_an_error_of_our_own_is_not_the_images(cfg, monkeypatch):
    pool = dataset.ExtractionDataset(cfg)
    assert pool[0].error is None
    monkeypatch.setattr(dataset, 'packed_boxes', lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pool[0]
    monkeypatch.setattr(dataset, 'packed_boxes', lambda *_: None)
    assert 'does not keep the boxes' in pool[0].error
