"""The demo's table, and where its files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from tabulate import tabulate

from mmcsod.coreset import Coreset
from mmcsod.demo.picture import write_picture
from mmcsod.fileio import read_json, write_text

Boxes = dict[str, list[list[float]]]  # image id to its boxes as x, y, width, height

_HEADERS = ('subset', 'images', 'objects', 'AP50 mean', 'AP50 of each seed', 'minutes a run')
_TITLES = {'csod': 'CSOD coreset', 'uniform': 'uniform random', 'full': 'full set'}
_NOTES = '''
Extracting features and selecting took {seconds:.0f} s. AP50 is of test images that show other scenes. Uniform random
draws go class by class, as the paper's do. Two seeds tell only large differences from chance.

  {0}/comparison.md           this table
  {0}/picks.jpg               the first images of the coreset and of a random subset
  {0}/runs/csod/coreset.json  the coreset, in the order in which it was picked
  {0}/runs/csod/features/     the feature bank that it was selected from
  {0}/runs/*.log              what each step printed'''


@dataclass(frozen=True)
class Run:
    """One finished training.

    Attributes:
        method: csod, uniform or full.
        seed: Its seed.
        coreset: The subset's file; None for the full set.
        directory: Its work dir.
    """

    method: str
    seed: int
    coreset: Path | None
    directory: Path

    def result(self) -> dict[str, Any]:
        """Return what ``tools/retrain.py`` wrote about it."""
        return read_json(self.directory / 'result.json', "a training's result.json")

    def image_ids(self, boxes: Boxes) -> list[str]:
        """Return the images that it was trained on."""
        return list(boxes) if self.coreset is None else Coreset.load(self.coreset).image_ids


def write_report(directory: Path, data: Path, runs: Sequence[Run], selection_seconds: float) -> str:
    """Print and write the comparison of the runs.

    Args:
        directory: Folder for ``comparison.md`` and ``picks.jpg``.
        data: The rendered dataset.
        runs: All trainings, those of a method one after another.
        selection_seconds: What extracting features and selecting took.

    Returns:
        The table.
    """
    boxes = read_boxes(data)
    groups = {run.method: [other for other in runs if other.method == run.method] for run in runs}
    table = tabulate([_row(group, boxes) for group in groups.values()], _HEADERS, tablefmt='github',
                     disable_numparse=True)
    write_text(directory / 'comparison.md', table + '\n')
    subsets = {_TITLES[method]: group[0].image_ids(boxes) for method, group in groups.items() if method != 'full'}
    write_picture(directory / 'picks.jpg', data, subsets, boxes)
    print(f'\n{table}\n{_NOTES.format(directory, seconds=selection_seconds)}')
    return table


def read_boxes(data: Path) -> Boxes:
    """Return the boxes of the training images by image id."""
    annotations = read_json(data / 'annotations' / 'train.json', 'an annotation file')
    names = {image['id']: f'train/{image["file_name"]}' for image in annotations['images']}
    boxes: Boxes = {name: [] for name in names.values()}
    for annotation in annotations['annotations']:
        boxes[names[annotation['image_id']]].append(annotation['bbox'])
    return boxes


def _row(runs: Sequence[Run], boxes: Boxes) -> tuple[str, ...]:
    images = [run.image_ids(boxes) for run in runs]
    scores = [run.result()['metrics']['coco/bbox_mAP_50'] for run in runs]
    return (_TITLES[runs[0].method], f'{mean(map(len, images)):.0f}',
            f'{mean(sum(len(boxes[image]) for image in ids) for ids in images):.0f}', f'{mean(scores):.3f}',
            ', '.join(f'{score:.3f}' for score in scores), f'{mean(run.result()["minutes"] for run in runs):.1f}')
