"""The pictures that ``mmcsod analyze`` draws."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image

from mmcsod.records.bank import FeatureBank
from mmcsod.report.counts import SIZES, size_counts
from mmcsod.report.coverage import coverage_curve, redundancy
from mmcsod.report.images import as_seen
from mmcsod.report.objects import RankedImage
from mmcsod.report.selected import Selected
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_figure
from mmcsod.util.images import UNREADABLE

NARROW = 0.04
"""Share of a bar below which its number would not fit inside."""

LOW_RANK = 0.5
"""Objects of the worse half of their class are drawn as the paper's Figure 7 draws low rankings: red and dotted."""


NUM_REDUNDANCIES = 12
"""Numbers of images at which redundancy is measured."""


def draw_sizes(bank: FeatureBank, masks: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Draw the ratios of box sizes of pool and coresets, with their numbers of objects: Figure 4."""
    counts = [size_counts(bank), *(size_counts(bank, mask) for mask in masks.values())]
    figure = Figure(figsize=(7, 1.2 + 0.45 * len(counts)), layout='constrained')
    axes = figure.subplots()
    titles = [f'{name}\n# {int(count.sum())}' for name, count in zip(['pool', *masks], counts, strict=True)]
    left = np.zeros(len(counts))
    for index, size in enumerate(SIZES):
        shares = np.array([count[index] / max(1, count.sum()) for count in counts])
        bars = axes.barh(range(len(counts)), 100 * shares, left=left, label=size)
        labels = [f'{100 * share:.1f}' if share > NARROW else '' for share in shares]
        axes.bar_label(bars, labels, label_type='center', color='white', fontsize=8)
        left += 100 * shares
    axes.set_yticks(range(len(counts)), titles)
    axes.invert_yaxis()
    axes.set_xlabel(
        '% of the objects of each set, of which there are #\n'
        'small: box area below 32 x 32 pixels, large: from 96 x 96 on'
    )
    axes.legend(ncols=len(SIZES), loc='lower center', bbox_to_anchor=(0.5, 1))
    write_figure(path, figure, dpi=130)


def draw_similarity(selections: Sequence[Selected], path: str | Path) -> None:
    """Draw coverage and redundancy of each coreset over the number of its images, in its order."""
    figure = Figure(figsize=(10, 4), layout='constrained')
    left, right = figure.subplots(1, 2)
    for one in selections:
        curve = coverage_curve(one.coverages)
        _draw_to_the_end(left, np.arange(1, len(curve) + 1), curve, one.name)
        numbers = np.unique(np.linspace(1, len(curve), min(len(curve), NUM_REDUNDANCIES)).astype(int))
        masks = [one.bank.mask(one.coreset.image_ids[:number]) for number in numbers]
        _draw_to_the_end(right, numbers, [redundancy(one.bank, mask) for mask in masks], one.name)
    left.set_ylabel('coverage:\nmean cosine of the pool to the nearest selected image')
    right.set_ylabel('redundancy:\nmean cosine of a selected image to the nearest other')
    for axes in (left, right):
        axes.set_xlabel('selected images')
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    left.legend(loc='lower right', fontsize=8)
    write_figure(path, figure, dpi=130)


def _draw_to_the_end(axes: Axes, numbers: np.ndarray, values: Sequence[float] | np.ndarray, name: str) -> None:
    (line,) = axes.plot(numbers, values, label=name)
    axes.plot(numbers[-1:], values[-1:], 'o', color=line.get_color())


def draw_ranks(ranked: Mapping[str, Sequence[RankedImage]], root: str | Path, path: str | Path) -> None:
    """Draw the images of one class with the ranks of their objects, a row a coreset: Figure 7."""
    ranked = {name: images for name, images in ranked.items() if images}
    if not ranked:
        raise UserError('No coreset selected an image for this class; name another class.')
    columns = max(map(len, ranked.values()))
    figure = Figure(figsize=(3.2 * columns, 2.8 * len(ranked)), layout='constrained')
    grid = figure.subplots(len(ranked), columns, squeeze=False)
    for line, (name, images) in zip(grid, ranked.items(), strict=True):
        for axes in line:
            axes.axis('off')
        for axes, image in zip(line, images, strict=False):
            axes.imshow(_read(Path(root) / image.image_id, image.turn))
            _draw_boxes(axes, image)
        line[0].set_title(name, loc='left', fontsize=9)
    figure.supxlabel(
        'Share of the objects of the class that score higher in Eq. 4: 0 % is the best. Red and dotted: '
        'the worse half.',
        fontsize=9,
    )
    write_figure(path, figure, dpi=130)


def _draw_boxes(axes: Axes, image: RankedImage) -> None:
    for (x1, y1, x2, y2), rank in zip(image.boxes, image.ranks, strict=True):
        edge, line, ground = ('red', ':', 'red') if rank > LOW_RANK else ('lime', '-', 'green')
        outline = Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, linewidth=1.5, edgecolor=edge, linestyle=line)
        axes.add_patch(outline)
        label = {'facecolor': ground, 'pad': 1, 'linewidth': 0}
        axes.text(x1, y1, f'{100 * rank:.0f} %', color='white', fontsize=7, va='bottom', bbox=label)


def _read(path: Path, turn: bool) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(as_seen(image, turn))
    except UNREADABLE as error:
        raise UserError(
            f'The image {path} cannot be read ({error}); give the folder that image ids are below with --images.'
        ) from error
