"""A small COCO file to break, and what the check says of it."""

import copy
import json

from mmcsod.labels.check.coco import check_coco
from tests.sets import annotation, image_entry

PLAIN = {
    'images': [image_entry(n, f'{n}.png', (160, 120)) for n in (1, 2, 3)],
    'annotations': [annotation(n, 1 + n % 3, 1 + n % 2, [60 + n, 50, 26, 30]) for n in range(1, 10)],
    'categories': [{'id': 1, 'name': 'disc'}, {'id': 2, 'name': 'café'}],
}


def broken(change):
    content = copy.deepcopy(PLAIN)
    change(content)
    return content


def check(content, size_of=lambda name: None):
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return check_coco(raw, 'train.json', size_of)


def counts(labels):
    return {one.kind: one.count for one in labels.findings}
