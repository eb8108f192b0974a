#!/usr/bin/env python
"""Render parts on a workbench as COCO annotations beside JPEG files: 600 training frames in bursts, 150 test images.

The same bytes wherever it runs. Experiments look for them in work_dirs/rendered.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rendered.parts import CLASSES
from rendered.scenes import HEIGHT, WIDTH, Frame, shoot
from tqdm import tqdm

from mmcsod.util.console import run
from mmcsod.util.errors import UserError
from mmcsod.util.files import new_directory, write_json

JPEG_QUALITY = 92


@dataclass(frozen=True)
class Recipe:
    """What decides every pixel of the dataset.

    Attributes:
        train_images: Training images, taken in bursts of near-duplicates as video gives them.
        test_images: Test images, each of a scene of its own.
        longest_burst: Bursts have 1 to so many frames.
        seed: Seed of all scenes.
    """

    train_images: int = 600
    test_images: int = 150
    longest_burst: int = 8
    seed: int = 0


@dataclass(frozen=True)
class _Burst:
    split: str
    scene: int
    num_frames: int


def main() -> None:
    """Render into the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', nargs='?', default='work_dirs/rendered', help='new folder (default: %(default)s)')
    render_dataset(Path(parser.parse_args().out), Recipe())


def render_dataset(directory: Path, recipe: Recipe, workers: int = 2) -> None:
    """Render ``annotations/{train,test}.json``, ``train/`` and ``test/``; the folder appears whole or not at all.

    Args:
        directory: A new folder.
        recipe: Size and seed.
        workers: Processes that render; they do not change a byte.

    Raises:
        UserError: If the folder exists or cannot be written.
    """
    if directory.exists():
        raise UserError(f'{directory} exists; remove it, or name another folder.')
    with new_directory(directory) as temporary:
        _render_into(temporary, recipe, workers)


def _render_into(directory: Path, recipe: Recipe, workers: int) -> None:
    bursts = [
        *_bursts('train', recipe.train_images, recipe.longest_burst, recipe.seed),
        *_bursts('test', recipe.test_images, 1, recipe.seed),
    ]
    for split in ('train', 'test'):
        (directory / split).mkdir()
    entries: dict[str, list[dict[str, Any]]] = {'train': [], 'test': []}
    # Forking a process in which OpenCV or PyTorch already has threads can leave the child waiting for a lock for ever.
    with (
        ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context('spawn')) as pool,
        tqdm(total=recipe.train_images + recipe.test_images, desc='rendering', unit='image') as progress,
    ):
        jobs = [pool.submit(_render_burst, directory, burst, recipe.seed) for burst in bursts]
        for burst, job in zip(bursts, jobs, strict=True):
            entries[burst.split] += job.result()
            progress.update(len(job.result()))
    info = {'description': 'Parts on a workbench', **asdict(recipe)}
    for split, images in entries.items():
        write_json(
            directory / 'annotations' / f'{split}.json',
            _coco(images, info),
        )


def _bursts(split: str, num_images: int, longest: int, seed: int) -> Iterator[_Burst]:
    rng = np.random.default_rng((seed, *split.encode()))
    scene = 0
    while num_images > 0:
        num_frames = min(num_images, int(rng.integers(1, longest + 1)))
        yield _Burst(split, scene, num_frames)
        num_images -= num_frames
        scene += 1


def _render_burst(directory: Path, burst: _Burst, seed: int) -> list[dict[str, Any]]:
    cv2.setNumThreads(1)
    entries = []
    frames = shoot((seed, *burst.split.encode(), burst.scene), burst.num_frames)
    for number, frame in enumerate(frames):
        name = f'scene_{burst.scene:04d}_frame_{number:02d}.jpg'
        _write_jpeg(directory / burst.split / name, frame)
        entries.append(
            {'file_name': name, 'scene': burst.scene, 'boxes': frame.boxes.tolist(), 'labels': frame.labels.tolist()}
        )
    return entries


def _write_jpeg(path: Path, frame: Frame) -> None:
    encoded = cv2.imencode('.jpg', frame.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    path.write_bytes(encoded.tobytes())


def _coco(entries: list[dict[str, Any]], info: dict[str, Any]) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, entry in enumerate(entries, 1):
        images.append(
            {'id': image_id, 'file_name': entry['file_name'], 'width': WIDTH, 'height': HEIGHT, 'scene': entry['scene']}
        )
        for (x1, y1, x2, y2), label in zip(entry['boxes'], entry['labels'], strict=True):
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': image_id,
                    'category_id': label + 1,
                    'iscrowd': 0,
                    'bbox': [x1, y1, x2 - x1, y2 - y1],
                    'area': (x2 - x1) * (y2 - y1),
                }
            )
    categories = [{'id': number, 'name': name} for number, name in enumerate(CLASSES, 1)]
    return {'info': info, 'images': images, 'annotations': annotations, 'categories': categories}


if __name__ == '__main__':
    run(main)
