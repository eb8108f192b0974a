"""Image files as Pillow opens them."""

from pathlib import Path

from PIL import ExifTags, Image

UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises of a file that is no image, is damaged, or is too large to be one."""

SIDEWAYS = range(5, 9)
"""EXIF orientations that swap width and height."""

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


def is_turned(image: Image.Image) -> bool:
    """Return whether the EXIF data of an opened image ask to turn or mirror it."""
    return image.getexif().get(ExifTags.Base.Orientation) in range(2, 9)


def turned_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of an opened image in the orientation that its EXIF data ask for, as loaders give it."""
    is_sideways = image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
    return (image.height, image.width) if is_sideways else image.size


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
    except UNREADABLE:
        return False
    return True
