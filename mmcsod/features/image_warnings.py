"""Warnings about image files, found while they were decoded."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmcsod.datasets.audit import NUM_EXAMPLES
from mmcsod.util.files import write_text
from mmcsod.util.text import first_few

KINDS = {
    b'<': 'an HTML or XML page',
    b'version https://git-lfs': "a pointer of Git LFS; fetch the files with 'git lfs pull'",
    b'{': 'a JSON file',
    b'PK\x03\x04': 'a zip archive',
    b'%PDF': 'a PDF',
    b'\x1f\x8b': 'a gzip archive',
    b'\x00\x05\x16\x07': "what macOS keeps of a file beside it; remove names that begin with '._'",
    b'\xff\xd8\xff': 'a JPEG that is damaged or cut off',
    b'\x89PNG': 'a PNG that is damaged, cut off or too large',
    b'GIF8': 'a GIF, which OpenCV may not decode; convert it',
}
"""What files are that begin so."""


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


def kind_of_file(path: str) -> str:
    """Return what a file that is not a readable image is, by its first bytes."""
    if '://' in path:
        return 'not a local file'
    try:
        with Path(path).open('rb') as file:
            start = file.read(64)
    except OSError as error:
        return (error.strerror or type(error).__name__).lower()
    except ValueError:
        return 'a name that no file can have'
    if not start:
        return '0 bytes'
    if not start.strip(b'\0'):
        return 'nothing but zeros'
    if start[4:8] == b'ftyp':
        return 'a HEIC or AVIF photo, or a video; convert it to JPEG'
    if _is_whole(path):
        return 'an image, which the pipeline cannot use'
    known = next((kind for beginning, kind in KINDS.items() if start.lstrip().startswith(beginning)), None)
    return known or f'not an image that is whole: begins with {start[:12]!r}'


def _is_whole(path: str) -> bool:
    """Return whether Pillow decodes an image: something else than its file is wrong then."""
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True
