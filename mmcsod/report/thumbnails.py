"""Small copies of the images, inside the report and bounded in total size."""

import base64
import io
import math
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from mmcsod.records.bank import FeatureBank
from mmcsod.report.images import as_seen, is_turned
from mmcsod.util.images import UNREADABLE, turned_size

BUDGET = 16_000_000
"""Bytes of all thumbnails of a report, as they stand in it."""

PICKS_SHARE = 0.6
BYTES_PER_PIXEL = 0.15
"""Of a thumbnail in base64, as measured on photographs; only the size of the picks' thumbnails depends on it."""

LARGE, SMALL = 320, 144
"""Longest side, in pixels, of a pick's thumbnail if there is room for it, and of any other image's."""

MOST = 5000
"""Thumbnails beside those of picks: reading more images would take longer than the rest of the report."""

Box = tuple[float, float, float, float]

CROP_MARGIN = 0.25
"""Around a box, as a share of its longer side."""

LABELLED, REFINED = 'yellow', 'cyan'
"""Outlines of a labelled box and of what the detector refines it to."""

WEBP_QUALITY = 72
CHUNK = 64


@dataclass
class Thumbnails:
    """What could be made: a ``data:`` URI and the original's size, as the detector saw it, by index of the image."""

    images: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    left_out: int = 0
    is_full: bool = False


def make_thumbnails(
    bank: FeatureBank, root: Path, picks: Sequence[int], others: Iterable[int], budget: int = BUDGET
) -> Thumbnails:
    """Read images and make small copies until ``budget`` bytes are used: larger ones of picks first, then others."""
    picked = set(picks)
    room = PICKS_SHARE * budget / max(1, len(picks))
    large = max(SMALL, min(LARGE, int(math.sqrt(room / BYTES_PER_PIXEL))))
    rest = [image for image in dict.fromkeys(others) if image not in picked]
    todo = [(image, large) for image in picks] + [(image, SMALL) for image in rest[:MOST]]
    made = Thumbnails()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(todo), CHUNK):
            chunk = todo[start : start + CHUNK]
            found = threads.map(
                lambda task: _read(root / bank.images[task[0]], task[1], is_turned(bank, task[0])), chunk
            )
            for (image, _), thumbnail in zip(chunk, found, strict=True):
                budget -= _add(made, bank, image, thumbnail, budget)
            if made.is_full:
                break
    made.left_out = len(picks) + len(rest) - len(made.images) - len(made.unreadable)
    return made


def _add(
    made: Thumbnails, bank: FeatureBank, image: int, thumbnail: tuple[str, tuple[int, int]] | None, left: int
) -> int:
    """Note what became of an image; return the bytes that it takes."""
    if thumbnail is None:
        made.unreadable.append(bank.images[image])
        return 0
    uri, made.sizes[image] = thumbnail
    if len(uri) > left:
        made.is_full = True
        return 0
    made.images[image] = uri
    return len(uri)


def small_copy(path: Path) -> str | None:
    """Return a ``data:`` URI of a small copy of an image, or None if it cannot be read."""
    found = _read(path, SMALL, True)
    return None if found is None else found[0]


def small_crop(path: Path, box: Box, refined: Box | None, turn: bool) -> str | None:
    """Return a ``data:`` URI of a labelled box and what a detector refines it to, None for an unreadable image."""
    margin = CROP_MARGIN * max(box[2] - box[0], box[3] - box[1])
    try:
        with Image.open(path) as image:
            seen = as_seen(image, turn)
        left, top = (max(0, int(start - margin)) for start in box[:2])
        right, bottom = (min(side, int(end + margin) + 1) for side, end in zip(seen.size, box[2:], strict=True))
        crop = seen.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    except (*UNREADABLE, OverflowError):  # of a box that is infinite
        return None
    width = crop.width
    crop.thumbnail((SMALL, SMALL))
    draw, scale = ImageDraw.Draw(crop), crop.width / width
    for corners, colour in ((box, LABELLED), (refined, REFINED)):
        if corners is not None:
            x1, y1, x2, y2 = ((side - start) * scale for side, start in zip(corners, (left, top) * 2, strict=True))
            draw.rectangle((x1, y1, max(x1, x2), max(y1, y2)), outline=colour)
    return _uri(crop)


def _read(path: Path, side: int, turn: bool) -> tuple[str, tuple[int, int]] | None:
    """Return a ``data:`` URI of a small copy and the original's width and height, as the detector saw it."""
    try:
        with Image.open(path) as image:
            size = turned_size(image) if turn else image.size
            image.draft('RGB', (2 * side, 2 * side))
            small = as_seen(image, turn)
            small.thumbnail((side, side), Image.Resampling.BILINEAR, reducing_gap=2)
    except UNREADABLE:
        return None
    return _uri(small), size


def _uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, 'WEBP', quality=WEBP_QUALITY, method=2)
    return 'data:image/webp;base64,' + base64.b64encode(file.getvalue()).decode()
