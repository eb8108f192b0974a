"""Label scores: class scores and refined boxes of a trained detector for the ground-truth boxes."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor, nn

from mmcsod.features.taps.roi_head import ROIS_AT_ONCE
from mmcsod.records.bank import LABEL_SCORE_DTYPE

LabelScorer = Callable[[Any, Tensor, np.ndarray], np.ndarray]
"""From maps, (k, 5) RoIs and their (k,) labels to (k,) of ``LABEL_SCORE_DTYPE``, unknown for odd outputs of a head."""


def _label_scores(head: StandardRoIHead, features: Any, rois: Tensor, labels: np.ndarray) -> np.ndarray:
    levels = tuple(level.float().contiguous() for level in features)  # RoIAlign has no kernel for bfloat16
    ends = np.arange(ROIS_AT_ONCE, len(labels), ROIS_AT_ONCE)
    parts = zip(rois.split(ROIS_AT_ONCE), np.split(labels, ends), strict=True)
    with torch.autocast(rois.device.type, enabled=False):
        return np.concatenate([_scores(head, levels, *part) for part in parts])


def _scores(head: Any, levels: tuple[Tensor, ...], rois: Tensor, labels: np.ndarray) -> np.ndarray:
    results = head._bbox_forward(levels, rois)
    own, index = torch.from_numpy(labels.astype(np.int64)), np.arange(len(labels))
    found = np.full(len(labels), np.array((np.nan, np.nan, -1, np.nan, (np.nan,) * 4), LABEL_SCORE_DTYPE))
    num_classes = head.bbox_head.num_classes
    scores, deltas = results['cls_score'], results['bbox_pred']
    if isinstance(scores, Tensor) and scores.shape == (len(labels), num_classes + 1):
        probabilities = scores.float().softmax(dim=1).cpu()
        found['own'] = probabilities[index, own].numpy()
        others = probabilities[:, :num_classes].clone()
        others[index, own] = -1
        found['other'], found['other_label'] = (part.numpy() for part in others.max(dim=1))
    if isinstance(deltas, Tensor) and deltas.shape in ((len(labels), 4), (len(labels), 4 * num_classes)):
        refined = _refined(head.bbox_head, rois[:, 1:], deltas.float(), own.to(rois.device))
        found['iou'] = bbox_overlaps(rois[:, 1:], refined, is_aligned=True).cpu().numpy()
        found['refined'] = _in_shares(refined, rois[:, 1:]).cpu().numpy()
    return found


def label_scorer(detector: nn.Module, classes: Sequence[str]) -> LabelScorer | None:
    """Return the scorer of a dataset's labels; None if the detector does not have one box head, trained on its classes.

    A head for other classes says nothing of these, one whose weights the checkpoint did not have says nothing of
    anything, and a detector without a box head of its own kind is one-stage, or has several heads in a row.
    """
    head = getattr(detector, 'roi_head', None)
    box_head = getattr(head, 'bbox_head', None)
    if not isinstance(head, StandardRoIHead) or box_head is None or isinstance(box_head, nn.ModuleList):
        return None
    if getattr(box_head, 'custom_cls_channels', False) or getattr(box_head, 'num_classes', None) != len(classes):
        return None
    trained_on = (getattr(detector, 'dataset_meta', None) or {}).get('classes')
    if trained_on is not None and tuple(trained_on) != tuple(classes):
        return None
    is_trained = all(torch.isfinite(weights).all() for weights in box_head.parameters())
    return partial(_label_scores, head) if is_trained else None


def _in_shares(boxes: Tensor, of: Tensor) -> Tensor:
    """Return (k, 4) boxes from the upper left corners of others, in their widths and heights: the same in any scale."""
    corners, sides = of[:, :2].repeat(1, 2), (of[:, 2:] - of[:, :2]).repeat(1, 2)
    return (boxes - corners) / sides


def _refined(head: Any, boxes: Tensor, deltas: Tensor, labels: Tensor) -> Tensor:
    """Return the boxes that the head refines ``boxes``, (k, 4), to for their labels."""
    if deltas.shape[1] > 4:
        deltas = deltas.reshape(len(boxes), -1, 4)[torch.arange(len(boxes)), labels]
    return head.bbox_coder.decode(boxes, deltas)
