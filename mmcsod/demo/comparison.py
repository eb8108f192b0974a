"""The demo's table, and where its files are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from tabulate import tabulate

from mmcsod.demo.picture import write_picture
from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.util.files import read_json, write_text

_HEADERS = ('trained on', 'images', 'objects', 'AP50, mean', 'AP50 of each seed', 'minutes a run')
_TITLES = {'csod': 'CSOD coreset', 'uniform': 'random draws', 'full': 'all images'}
_NOTES = """
Extracting features and selecting took {seconds:.0f} s. AP50 is measured on images that no detector was trained on.
Random draws take the classes in turn, as the paper's do. {seeds} seeds tell only large differences from chance.

  {0}/comparison.md           this table
  {0}/report.html             which images were chosen, and what each stands for: open it in a browser
  {0}/picks.jpg               the first images of the coreset and of a random draw
  {0}/runs/csod/coreset.json  the coreset, in the order in which it was picked
  {0}/runs/csod/features/     the feature bank that it was selected from
  {0}/runs/*.log              what each step printed"""


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
        """Return what ``mmcsod retrain`` wrote about it."""
        return read_json(self.directory / 'result.json', "a training's result.json")

    def image_ids(self, bank: FeatureBank) -> list[str]:
        """Return the images that it was trained on."""
        return list(bank.images) if self.coreset is None else Coreset.load(self.coreset).image_ids


def write_comparison(
    directory: Path, data: Path, bank: FeatureBank, runs: Sequence[Run], selection_seconds: float
) -> str:
    """Print and write the comparison of the runs.

    Args:
        directory: Folder for ``comparison.md`` and ``picks.jpg``.
        data: Folder below which the images lie.
        bank: The bank that the coreset was selected from.
        runs: All trainings, those of a method one after another.
        selection_seconds: What extracting features and selecting took.

    Returns:
        The table.
    """
    boxes = boxes_by_image(bank)
    groups = {run.method: [other for other in runs if other.method == run.method] for run in runs}
    rows = [_row(group, bank, boxes) for group in groups.values()]
    table = tabulate(rows, _HEADERS, tablefmt='github', disable_numparse=True)
    write_text(directory / 'comparison.md', table + '\n')
    subsets = {_TITLES[method]: group[0].image_ids(bank) for method, group in groups.items() if method != 'full'}
    write_picture(directory / 'picks.jpg', data, subsets, boxes)
    notes = _NOTES.format(directory, seconds=selection_seconds, seeds=len(groups['full']))
    print(f'\n{table}\n{notes}')
    return table


def boxes_by_image(bank: FeatureBank) -> dict[str, np.ndarray]:
    """Return the boxes of each image of a bank, (k, 4) float32 as x1, y1, x2, y2 in pixels."""
    assert bank.objects is not None  # Stage 1 always keeps the table of objects
    ends = np.searchsorted(bank.objects['image'], np.arange(len(bank.images) + 1))
    return {image: bank.objects['box'][ends[i] : ends[i + 1]] for i, image in enumerate(bank.images)}


def _row(runs: Sequence[Run], bank: FeatureBank, boxes: dict[str, np.ndarray]) -> tuple[str, ...]:
    images = [run.image_ids(bank) for run in runs]
    scores = [run.result()['metrics']['coco/bbox_mAP_50'] for run in runs]
    return (
        _TITLES[runs[0].method],
        f'{mean(map(len, images)):.0f}',
        f'{mean(sum(len(boxes[image]) for image in ids) for ids in images):.0f}',
        f'{mean(scores):.3f}',
        ', '.join(f'{score:.3f}' for score in scores),
        f'{mean(run.result()["minutes"] for run in runs):.1f}',
    )
