#!/usr/bin/env python
"""Make bursts of photographs: each image of a COCO set 1 to 8 times, shifted, scaled and re-exposed by a few percent.

It answers whether a selection rule suffers from repeats as such: the photographs stay what they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

LONGEST = 8
SHIFT = 0.03
"""Largest shift, as a share of the image's side; scale and exposure vary by as much around 1."""
LEAST_LEFT = 0.5
"""A box of which less than this share stays inside the image is left out."""


def main() -> None:
    """Make them as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', help='COCO annotation file, such as data/chess/annotations/train.json')
    parser.add_argument('images', help='folder of its images, such as data/chess/train')
    parser.add_argument('out', help='folder to write to: train/ and annotations/train.json')
    parser.add_argument('--seed', type=int, default=0, help='of lengths, shifts, scales and exposures (default: 0)')
    args = parser.parse_args()
    make_bursts(Path(args.annotations), Path(args.images), Path(args.out), args.seed)


def make_bursts(annotations: Path, images: Path, out: Path, seed: int) -> None:
    """Write the bursts of every image; the first frame of each is the photograph as it is."""
    source = json.loads(annotations.read_text())
    rng = np.random.default_rng(seed)
    (out / 'train').mkdir(parents=True)
    (out / 'annotations').mkdir()
    boxes_of: dict[Any, list[dict]] = {image['id']: [] for image in source['images']}
    for box in source['annotations']:
        boxes_of[box['image_id']].append(box)
    frames: list[dict] = []
    boxes: list[dict] = []
    for scene, image in enumerate(tqdm(source['images'], unit='image')):
        picture = cv2.imread(str(images / image['file_name']))
        for frame in range(int(rng.integers(1, LONGEST + 1))):
            matrix, exposure = _jitter(rng, picture.shape, still=frame == 0)
            name = f'{scene:04d}_{frame}.jpg'
            cv2.imwrite(str(out / 'train' / name), _expose(_warp(picture, matrix), exposure))
            height, width = picture.shape[:2]
            frames.append({'id': len(frames), 'file_name': name, 'width': width, 'height': height, 'scene': scene})
            for box in boxes_of[image['id']]:
                moved = _move(box['bbox'], matrix, width, height)
                if moved is not None:
                    area = moved[2] * moved[3]
                    boxes.append(box | {'id': len(boxes), 'image_id': frames[-1]['id'], 'bbox': moved, 'area': area})
    text = json.dumps({'images': frames, 'annotations': boxes, 'categories': source['categories']})
    (out / 'annotations' / 'train.json').write_text(text)


def _jitter(rng: np.random.Generator, shape: tuple[int, ...], still: bool) -> tuple[np.ndarray, float]:
    """Return a (2, 3) matrix that scales about the centre and shifts, and a factor of exposure."""
    height, width = shape[:2]
    right, down, scale, exposure = rng.uniform(-SHIFT, SHIFT, 4) * (not still)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1 + scale)
    matrix[:, 2] += right * width, down * height
    return matrix, 1 + exposure


def _warp(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _expose(picture: np.ndarray, factor: float) -> np.ndarray:
    return cv2.convertScaleAbs(picture, alpha=factor)


def _move(box: list[float], matrix: np.ndarray, width: int, height: int) -> list[float] | None:
    """Return where a box (x, y, width, height) goes, clipped, or None where too little of it is left."""
    corners = np.array([box[:2], [box[0] + box[2], box[1] + box[3]]]) @ matrix[:, :2].T + matrix[:, 2]
    clipped = np.clip(corners, 0, [width, height])
    left = np.prod(clipped[1] - clipped[0]) / max(np.prod(corners[1] - corners[0]), 1e-9)
    if left < LEAST_LEFT:
        return None
    return [*clipped[0].tolist(), *(clipped[1] - clipped[0]).tolist()]


if __name__ == '__main__':
    main()
