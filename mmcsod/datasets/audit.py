"""Read one leaf dataset and keep account of everything that its loader and filter leave out."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from mmdet.datasets import CocoDataset
from mmengine.dataset import BaseDataset

from mmcsod.datasets.ids import leaf_datasets
from mmcsod.datasets.instances import boxes_and_labels
from mmcsod.util.errors import UserError

NUM_EXAMPLES = 3

CROWD_OR_DIFFICULT = 'crowd or difficult'
BELOW_MIN_SIZE = 'below bbox_min_size'
DEGENERATE = 'without area'
NON_FINITE = 'not finite'
OUTSIDE = 'outside the image'
MARKED_IGNORE = 'marked ignore'
NO_CLASS = 'of no class'


class Account:
    """Counts of what is left out, by reason, with the first few images of each."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.examples: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, image: str) -> None:
        """Count one thing of ``image`` that is left out for ``reason``."""
        self.counts[reason] += 1
        if len(self.examples[reason]) < NUM_EXAMPLES and image not in self.examples[reason]:
            self.examples[reason].append(image)

    def lines(self, what: str) -> list[str]:
        """Return a readable line for each reason."""
        return [
            f'{count} {what} left out: {reason} ({", ".join(self.examples[reason])}'
            f'{", ..." if count > len(self.examples[reason]) else ""})'
            for reason, count in sorted(self.counts.items())
        ]


def initialise(leaf: BaseDataset, objects: Account, images: Account) -> None:
    """Run ``leaf.full_init()``, counting the annotations and images that it drops.

    ``CocoDataset`` drops annotations before anybody sees them, and filters forget what they removed, so both are
    watched while they run; the dataset is left as it would have been.
    """
    watched = {'filter_data': _watch_filter(leaf, images)}
    if isinstance(leaf, CocoDataset):
        watched['parse_data_info'] = _watch_coco(leaf, objects)
    for name, method in watched.items():
        setattr(leaf, name, method)
    try:
        leaf.full_init()
    finally:
        for name in watched:
            delattr(leaf, name)


def _watch_filter(leaf: BaseDataset, images: Account) -> Any:
    original = leaf.filter_data

    def filter_data() -> list[dict]:
        before = list(leaf.data_list)
        after = original()
        kept = {id(info) for info in after}
        for info in before:
            if id(info) not in kept:
                reason = 'without objects' if not info.get('instances') else 'filter_cfg'
                images.add(reason, str(info.get('img_path')))
        return after

    return filter_data


def _watch_coco(leaf: CocoDataset, objects: Account) -> Any:
    original = leaf.parse_data_info

    def parse_data_info(raw: Mapping[str, Any]) -> Any:
        for annotation in raw['raw_ann_info']:
            reason = _coco_reason(annotation, raw['raw_img_info'], leaf.cat_ids)
            if reason is not None:
                objects.add(reason, raw['raw_img_info']['file_name'])
        return original(raw)

    return parse_data_info


def _coco_reason(annotation: Mapping[str, Any], image: Mapping[str, Any], cat_ids: list[int]) -> str | None:
    """Return why ``CocoDataset.parse_data_info`` drops an annotation of a known class, None if it does not."""
    if annotation['category_id'] not in cat_ids:
        return None
    if annotation.get('ignore', False):
        return MARKED_IGNORE
    x, y, width, height = annotation['bbox']
    box = np.array([[x, y, x + width, y + height]], np.float64)
    reason = left_out(box, np.array([False]), image.get('width'), image.get('height'))[0]
    if reason is None and (annotation['area'] <= 0 or width < 1 or height < 1):
        return DEGENERATE
    return reason


def reasons_left_out(
    info: Mapping[str, Any], num_classes: int, bbox_min_size: float | None = None, keep_ignored: bool = False
) -> list[str | None]:
    """Return for each annotated object of ``get_data_info`` why it does not count as one, None where it does.

    This one rule holds for extraction, retraining, exports and reports. ``keep_ignored`` counts what training ignores,
    too.
    """
    boxes, labels = boxes_and_labels(info)
    if not len(boxes):
        return []
    flags = np.array([bool(instance.get('ignore_flag')) for instance in info['instances']])
    reasons = left_out(boxes, flags & (not keep_ignored), info.get('width'), info.get('height'), bbox_min_size)
    known = (labels >= 0) & (labels < num_classes)
    return [reason if is_known else NO_CLASS for reason, is_known in zip(reasons, known, strict=True)]


def refuse_without_objects(dataset: Any) -> None:
    """Refuse a built training set without a single object to learn from."""
    found = Account()
    for leaf in leaf_datasets(dataset):
        num_classes = len(leaf.metainfo.get('classes') or ())
        min_size = (leaf.filter_cfg or {}).get('bbox_min_size')
        for info in map(leaf.get_data_info, range(len(leaf))):
            for reason in reasons_left_out(info, num_classes, min_size):
                if reason is None:
                    return
                found.add(reason, info['img_path'])
    raise UserError(
        'The training set has no object to learn from: '
        + ('; '.join(found.lines('boxes')) or 'MMDetection reads not one box (those without area are dropped)')
        + '. Check its annotations.'
    )


def left_out(
    boxes: np.ndarray,
    ignored: np.ndarray,
    width: float | None,
    height: float | None,
    bbox_min_size: float | None = None,
) -> list[str | None]:
    """Return for each of (k, 4) float64 boxes x1, y1, x2, y2 why no vector is made of it, None where one is.

    Boxes are judged as annotated, in pixels of the original image: a resize clips them, after which nothing is broken
    any more. ``ignored``, (k,) bool, is what the dataset flags; ``bbox_min_size`` the setting of mmdet's XML datasets.
    """
    x1, y1, x2, y2 = boxes.T
    wide, high = np.inf if width is None else width, np.inf if height is None else height
    tests = {
        NON_FINITE: ~np.isfinite(boxes).all(axis=1),
        DEGENERATE: (x2 <= x1) | (y2 <= y1),
        OUTSIDE: (x2 <= 0) | (y2 <= 0) | (x1 >= wide) | (y1 >= high),
        BELOW_MIN_SIZE: ignored & (np.minimum(x2 - x1, y2 - y1) < (bbox_min_size or 0)),
        CROWD_OR_DIFFICULT: ignored,
    }
    return [next((reason for reason, failed in tests.items() if failed[row]), None) for row in range(len(boxes))]
