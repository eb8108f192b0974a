"""What filtering a COCO-format training set costs beside loading it, and how much memory it frees.

Example:
    python tools/benchmarks/coreset_dataset.py --images 20000 --keep 400
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path

from mmdet.datasets import CocoDataset

from mmcsod.datasets import CoresetDataset
from mmcsod.records.coreset import Coreset, Pick

OBJECTS_PER_IMAGE = 7.3
CLASSES = tuple(f'class{label}' for label in range(80))


def write_pool(directory: Path, images: int) -> None:
    """Write an annotation file with COCO's objects an image and polygons of 20 points."""
    rng = random.Random(0)
    names = [{'id': index, 'file_name': f'{index}.jpg', 'width': 640, 'height': 480} for index in range(images)]
    annotations = [
        {
            'id': index + 1,
            'image_id': index % images,
            'category_id': 1 + rng.randrange(len(CLASSES)),
            'iscrowd': 0,
            'bbox': [1, 1, 50, 50],
            'area': 2500,
            'segmentation': [[rng.random() * 480 for _ in range(40)]],
        }
        for index in range(int(OBJECTS_PER_IMAGE * images))
    ]
    categories = [{'id': label + 1, 'name': name} for label, name in enumerate(CLASSES)]
    content = {'images': names, 'annotations': annotations, 'categories': categories}
    (directory / 'pool.json').write_text(json.dumps(content))


def main() -> None:
    """Load, filter, and print both times and sizes with their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=20000, help='size of the pool')
    parser.add_argument('--keep', type=int, default=400, help='size of the coreset')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        write_pool(Path(directory), args.images)
        started = time.process_time()
        leaf = CocoDataset(
            data_root=directory, ann_file='pool.json', data_prefix={'img': ''}, metainfo={'classes': CLASSES}
        )
        loading, size = time.process_time() - started, leaf.data_bytes.nbytes
    coreset = Coreset(tuple(Pick(f'{index}.jpg') for index in range(args.keep)), CLASSES, 'benchmark')
    started = time.process_time()
    CoresetDataset(leaf, coreset)
    filtering = time.process_time() - started
    print(f'time: loading {loading:.2f} s, filtering {filtering:.2f} s, ratio {filtering / loading:.3f}')
    print(
        f'annotations: {size / 1e6:.1f} MB, filtered {leaf.data_bytes.nbytes / 1e6:.1f} MB, '
        f'ratio {leaf.data_bytes.nbytes / size:.3f} for {args.keep / args.images:.3f} of the images'
    )


if __name__ == '__main__':
    main()
