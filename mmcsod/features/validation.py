"""The validation set of a config, as the leak check compares it with a pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.config import Config

from mmcsod.datasets.build import build_leaves, labelled_images
from mmcsod.datasets.check import use_checked_labels
from mmcsod.datasets.pixels import color_types, read_pixels
from mmcsod.features.recordings import field_of
from mmcsod.records.recordings import is_pattern
from mmcsod.records.validation import ValidationView


def view_validation(
    config: Config, bank: Path | None = None, group: str | None = None, part: str = 'val'
) -> ValidationView | None:
    """Return the validation images of a config, None if it has none; images that were decoded before are not again.

    Args:
        config: What names them; its labels are checked, and read from corrected copies where they need them.
        bank: The folder of the bank beside which they are kept, if it has one.
        group: What recordings are told by: a pattern, or a field of COCO image entries, which is read here.
        part: The set of the config that they are, 'train' in a config that was written of validation labels alone.
    """
    with TemporaryDirectory() as scratch:
        use_checked_labels(config, Path(scratch), [part])
        leaves = build_leaves(config, part)
        images, colors = labelled_images(leaves), color_types(leaves)
        recordings = (
            None if group is None or is_pattern(group) else [name for leaf in leaves for name in field_of(leaf, group)]
        )
    paths = [image.path for image in images]
    if not paths:
        if bank is not None:
            ValidationView.remove(bank)
        return None
    stamps, found = _stamps(paths), None if bank is None else ValidationView.load(bank)
    pixels = found.pixels if found is not None and found.shows(paths, stamps) else read_pixels(paths, colors)[0]
    view = ValidationView(images, stamps, pixels)
    if group is not None and recordings is not None:
        view = replace(view, group=group, recordings=tuple(recordings))
    if bank is not None and not (found is not None and view.equals(found)):
        view.save(bank)
    return view


def _stamps(paths: Sequence[str]) -> np.ndarray:
    stamps = np.zeros((len(paths), 2), np.int64)
    for row, path in zip(stamps, paths, strict=True):
        try:
            found = Path(path).stat()
        except (OSError, ValueError):  # a URL, or no file
            continue
        row[:] = found.st_size, found.st_mtime_ns
    return stamps
