"""Warnings about image files, found while they were decoded."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mmcsod.datasets.audit import NUM_EXAMPLES
from mmcsod.util.files import write_text
from mmcsod.util.images import kind_of_file
from mmcsod.util.text import first_few


def outside_warning(images: Sequence[str], objects: np.ndarray, decoded: np.ndarray) -> Iterator[str]:
    """Yield a sentence if boxes lie outside their decoded image, where the labelled size had room for them."""
    sizes = decoded[objects['image']]
    outside = ~objects['ignored'] & (sizes.min(axis=1) > 0) & (objects['box'][:, :2] >= sizes).any(axis=1)
    if outside.any():
        names = [images[index] for index in np.unique(objects['image'][outside])]
        yield (
            f'{int(outside.sum())} objects lie outside the decoded image, so their vectors show its edge '
            f'({first_few(names, NUM_EXAMPLES)}); correct their boxes or exclude these images.'
        )


def constant_warning(images: Sequence[str]) -> Iterator[str]:
    """Yield a sentence that names images of one colour."""
    if images:
        yield (
            f'{len(images)} images are of one colour once decoded ({first_few(images, NUM_EXAMPLES)}): empty, or of a '
            'depth that the loader does not keep, such as 12 bits read as 8.'
        )


def list_unreadable(file: Path, images: Sequence[str], paths: Sequence[str]) -> Iterator[str]:
    """List unreadable images in a file, each with what it is, and yield a sentence; remove an older list."""
    file.unlink(missing_ok=True)
    if not images:
        return
    kinds = [kind_of_file(path) for path in paths]
    write_text(file, ''.join(f'{image}\t{kind}\n' for image, kind in zip(images, kinds, strict=True)))
    examples = [f'{image}: {kind}' for image, kind in zip(images[:NUM_EXAMPLES], kinds, strict=False)]
    yield f'{len(images)} images could not be read and are not in the bank, listed in {file}: {"; ".join(examples)}.'
