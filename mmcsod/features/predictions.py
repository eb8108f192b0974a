"""What a trained detector says of the ground-truth boxes: of their class, and of where they end."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.structures.bbox import bbox2roi, bbox_overlaps
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from mmcsod.errors import UserError
from mmcsod.features.dataset import ExtractionDataset, Sample
from mmcsod.features.inference import evaluating, told_in_one_sentence

logger = logging.getLogger('mmcsod')

PREDICTION_DTYPE = np.dtype([('own', '<f4'), ('other', '<f4'), ('other_label', '<i4'), ('iou', '<f4')])
"""Probability of the label, the highest of another class (background is none) and which, and the IoU of the box with
what the detector refines it to for the label. NaN, and -1, where an object is ignored or its image unreadable."""


def predict_objects(detector: nn.Module, pool: ExtractionDataset, num_workers: int = 0) -> np.ndarray:
    """Let a detector judge every object that a vector would be made of.

    Args:
        detector: A two-stage detector with one box head, trained on the dataset's classes, on the device to use.
        pool: The training set.
        num_workers: Processes that load images.

    Returns:
        (len(pool.objects),) of ``PREDICTION_DTYPE``, in the order of ``pool.objects``.

    Raises:
        UserError: If the detector has no such head, or one for another number of classes.
    """
    head = _head(detector, len(pool.classes))
    predictions = np.full(len(pool.objects), np.array((np.nan, np.nan, -1, np.nan), PREDICTION_DTYPE))
    loader = DataLoader(pool, batch_size=None, num_workers=num_workers)
    with evaluating(detector), torch.inference_mode(), told_in_one_sentence(detector):
        for sample in tqdm(pool.checked(loader, strict=False), total=len(pool), desc='judge', unit='img'):
            usable = (pool.objects['image'] == sample.index) & ~pool.objects['ignored']
            if sample.error is None and usable.any():
                predictions[usable] = _judge(detector, head, sample, pool.objects['label'][usable])
    return predictions


def _head(detector: Any, num_classes: int) -> StandardRoIHead:
    head = getattr(detector, 'roi_head', None)
    if not isinstance(head, StandardRoIHead) or isinstance(head.bbox_head, nn.ModuleList):
        raise UserError(
            f'{type(detector).__name__} has no RoI head with one box head, which judges boxes; give a '
            'detector such as Faster R-CNN.'
        )
    if head.bbox_head.num_classes != num_classes:
        raise UserError(
            f'The detector knows {head.bbox_head.num_classes} classes and the dataset has {num_classes}; '
            'give one that was trained on these.'
        )
    return head


def _judge(detector: Any, head: StandardRoIHead, sample: Sample, labels: np.ndarray) -> np.ndarray:
    inputs = detector.data_preprocessor({'inputs': [sample.inputs], 'data_samples': [sample.data_sample]}, False)[
        'inputs'
    ]
    rois = bbox2roi([sample.boxes]).to(inputs.device)
    results = head._bbox_forward(detector.extract_feat(inputs), rois)
    own, index = torch.from_numpy(labels.astype(np.int64)), np.arange(len(labels))
    probabilities = results['cls_score'].float().softmax(dim=1).cpu()
    judged = np.zeros(len(labels), PREDICTION_DTYPE)
    judged['own'] = probabilities[index, own].numpy()
    others = probabilities[:, : head.bbox_head.num_classes].clone()
    others[index, own] = -1
    judged['other'], judged['other_label'] = (part.numpy() for part in others.max(dim=1))
    refined = _refined(head.bbox_head, rois[:, 1:], results['bbox_pred'], own.to(rois.device))
    judged['iou'] = bbox_overlaps(rois[:, 1:], refined, is_aligned=True).cpu().numpy()
    return judged


def _refined(head: Any, boxes: Tensor, deltas: Tensor, labels: Tensor) -> Tensor:
    """Return the boxes that the head refines ``boxes``, (k, 4), to for their labels."""
    if not head.reg_class_agnostic:
        deltas = deltas.reshape(len(boxes), -1, 4)[torch.arange(len(boxes)), labels]
    return head.bbox_coder.decode(boxes, deltas)
