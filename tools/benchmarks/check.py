"""Measure the check of labels on a made-up COCO file, beside reading that file as JSON and nothing else.

Seconds are of CPU time on one thread: on a busy machine they say more than the clock.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Callable
from typing import Any

from mmcsod.labels.check.coco import check_coco

WIDTH, HEIGHT, CLASSES = 1920, 1080, 10
EXAMPLES = """example:
  python tools/benchmarks/check.py --images 170000 --boxes 1000000"""


def main() -> None:
    """Print CPU seconds of both, and the most memory that was in use after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--images', type=int, default=17_000, help='frames of the file')
    parser.add_argument('--boxes', type=int, default=100_000, help='objects of the file')
    args = parser.parse_args()
    raw = json.dumps(made_up(args.images, args.boxes)).encode()
    print(f'{args.images:,} images, {args.boxes:,} boxes, {len(raw) / 1e6:.0f} MB')
    report('json.loads', lambda: json.loads(raw))
    findings = report('check', lambda: check_coco(raw, 'made-up.json', lambda name: None).findings)
    print(f'{len(findings)} findings')


def made_up(images: int, boxes: int) -> dict[str, Any]:
    """Return the content of a COCO file without a fault, the same at every call."""
    draw = random.Random(0)
    annotations = []
    for number in range(boxes):
        width, height = draw.uniform(10, 300), draw.uniform(10, 300)
        box = [draw.uniform(0, WIDTH - width), draw.uniform(0, HEIGHT - height), width, height]
        annotations.append({
            'id': number, 'image_id': number % images, 'category_id': draw.randrange(CLASSES),
            'bbox': [round(value, 2) for value in box], 'area': round(width * height, 2), 'iscrowd': 0,
        })  # fmt: skip
    return {
        'images': [
            {'id': number, 'file_name': f'cam{number % 8}/{number:06d}.jpg', 'width': WIDTH, 'height': HEIGHT}
            for number in range(images)
        ],
        'annotations': annotations,
        'categories': [{'id': number, 'name': f'class {number}'} for number in range(CLASSES)],
    }


def report(name: str, work: Callable[[], Any]) -> Any:
    """Run something and print what it took."""
    start = time.process_time()
    result = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f'{name:<12}{time.process_time() - start:6.1f} s of CPU, at most {peak:.2f} GB in all until then')
    return result


if __name__ == '__main__':
    main()
