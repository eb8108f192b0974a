"""Image files as Pillow opens them."""

from PIL import ExifTags, Image

UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises of a file that is no image, is damaged, or is too large to be one."""

SIDEWAYS = range(5, 9)
"""EXIF orientations that swap width and height."""


def turned_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height of an opened image in the orientation that its EXIF data ask for, as loaders give it."""
    is_sideways = image.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
    return (image.height, image.width) if is_sideways else image.size
