"""The bounds of an object's mask, where it has no box: nothing there needs a guess."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

HUGE = 10**300
"""Whole numbers that NumPy takes for numbers are smaller."""
RUNS = re.compile('(?:[P-o]{0,6}[0-O])+')
"""Compressed runs as a text. pycocotools reads past the end of anything else."""


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a number, finite or not, that NumPy can hold."""
    return type(value) is float or (type(value) is int and -HUGE < value < HUGE)


def bounds(segmentation: Any) -> list[float] | None:
    """Return x, y, width and height of what polygons or a mask's runs, compressed or not, cover; None if unknown."""
    if isinstance(segmentation, Mapping):
        return _of_runs(segmentation.get('size'), segmentation.get('counts'))
    points = _points(segmentation)
    if not points:
        return None
    xs, ys = points[::2], points[1::2]
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _points(segmentation: Any) -> list[float]:
    """Return all coordinates of an object's polygons, none if there is anything else."""
    if not isinstance(segmentation, list) or not all(isinstance(part, list) for part in segmentation):
        return []
    points = [value for part in segmentation for value in part]
    whole = all(len(part) >= 6 and len(part) % 2 == 0 for part in segmentation)
    return points if whole and all(is_number(value) and math.isfinite(value) for value in points) else []


def _of_runs(size: Any, counts: Any) -> list[float] | None:
    if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)):
        return None
    from pycocotools import mask  # MMDetection's dependency, wanted for such files alone

    if isinstance(counts, str) and RUNS.fullmatch(counts):
        runs = {'size': size, 'counts': counts.encode()}
    elif _are_runs(counts, size):
        runs = mask.frPyObjects({'size': size, 'counts': counts}, *size)
    else:
        return None
    x, y, width, height = mask.toBbox(runs).tolist()
    is_inside = x >= 0 and y >= 0 and 0 < width <= size[1] - x and 0 < height <= size[0] - y
    return [x, y, width, height] if is_inside else None


def _are_runs(counts: Any, size: Sequence[int]) -> bool:
    is_list = isinstance(counts, list) and all(type(run) is int and run >= 0 for run in counts)
    return is_list and sum(counts) == math.prod(size) < 2**32
