"""The eight kinds of small parts that lie on the workbench, drawn as shaded polygons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

Contour = np.ndarray  # (K, 2) float, in units of half the part's length
Number = float | np.floating
Layer = tuple[tuple[Contour, ...], float]  # contours filled even-odd (so inner ones are holes), and a tone

METALS = ((178, 182, 188), (150, 150, 156), (196, 172, 112), (112, 114, 120), (188, 140, 104))
PLASTICS = ((52, 54, 60), (66, 84, 60), (160, 52, 48), (60, 92, 156), (190, 160, 60), (206, 204, 196))


def _circle(radius: float, x: float = 0.0, y: float = 0.0, corners: int = 40) -> Contour:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)


def _box(x1: Number, y1: Number, x2: Number, y2: Number) -> Contour:
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], dtype=float)


def _washer(rng: np.random.Generator) -> list[Layer]:
    return [((_circle(1.0), _circle(rng.uniform(0.42, 0.6))), 1.0)]


def _nut(rng: np.random.Generator) -> list[Layer]:
    hole = rng.uniform(0.42, 0.55)
    return [((_circle(1.0, corners=6), _circle(hole)), 1.0), ((_circle(hole + 0.14), _circle(hole)), 0.7)]


def _bolt(rng: np.random.Generator) -> list[Layer]:
    half = rng.uniform(0.15, 0.2)
    head = _circle(0.36, x=-0.66, corners=6) * np.array([1.0, 1.05])
    shaft = _box(-0.6, -half, 1.0, half)
    threads = [((_box(x, -half, x + 0.035, half),), 0.6) for x in np.arange(-0.1, 0.95, 0.11)]
    return [((shaft,), 0.95), *threads, ((head,), 1.05), ((_circle(0.17, x=-0.66, corners=6),), 0.55)]


def _gear(rng: np.random.Generator) -> list[Layer]:
    teeth = int(rng.integers(9, 14))
    steps = np.arange(4 * teeth)
    radii = np.where(steps % 4 < 2, 1.0, 0.78)
    angles = 2 * np.pi * steps / len(steps)
    rim = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    return [((rim, _circle(0.2)), 1.0), ((_circle(0.62), _circle(0.34)), 0.72)]


def _battery(rng: np.random.Generator) -> list[Layer]:
    half = rng.uniform(0.26, 0.34)
    band = rng.uniform(0.2, 0.5)
    return [
        ((_box(-0.95, -half, 0.88, half),), 1.0),
        ((_box(0.88, -0.4 * half, 1.0, 0.4 * half),), 1.7),
        ((_box(band, -half, 0.88, half),), 1.9),
        ((_box(-0.95, -half, -0.88, half),), 1.7),
    ]


def _chip(rng: np.random.Generator) -> list[Layer]:
    half = rng.uniform(0.36, 0.55)
    legs = np.linspace(-0.82, 0.82, int(rng.integers(5, 9)))
    pins = [((_box(x - 0.05, -half - 0.2, x + 0.05, half + 0.2),), 2.6) for x in legs]
    return [*pins, ((_box(-1.0, -half, 1.0, half),), 1.0), ((_circle(0.09, x=-0.8, y=half - 0.2, corners=16),), 1.5)]


def _key(rng: np.random.Generator) -> list[Layer]:
    cuts = rng.uniform(0.02, 0.16, size=5)
    xs = np.linspace(0.0, 0.85, 6)
    edge = [point for i, cut in enumerate(cuts) for point in ((xs[i], 0.14), (xs[i] + 0.085, 0.14 - cut))]
    blade = np.array([(-0.4, -0.14), (0.9, -0.14), (1.0, -0.02), (0.9, 0.14), *reversed(edge), (-0.4, 0.14)])
    return [
        ((blade,), 1.0),
        ((_box(-0.3, -0.05, 0.85, -0.01),), 0.7),
        ((_circle(0.44, x=-0.58), _circle(0.13, x=-0.74)), 1.05),
    ]


def _resistor(rng: np.random.Generator) -> list[Layer]:
    half = rng.uniform(0.2, 0.26)
    ends = [((_circle(half * 1.15, x=x, corners=20),), 1.0) for x in (-0.42, 0.42)]
    bands = [
        ((_box(x, -half, x + 0.09, half),), tone)
        for x, tone in zip((-0.34, -0.12, 0.1, 0.3), rng.permutation([0.35, 0.6, 1.5, 0.2]), strict=True)
    ]
    return [((_box(-1.0, -0.045, 1.0, 0.045),), 0.85), *ends, ((_box(-0.42, -half, 0.42, half),), 1.0), *bands]


@dataclass(frozen=True)
class Kind:
    """One class of parts.

    Attributes:
        draw: Makes the layers of one specimen.
        colours: RGB colours it comes in.
        frequency: How often it lies on the bench, relative to the commonest.
        length: Shortest and longest length in pixels of the finished image.
    """

    draw: Callable[[np.random.Generator], list[Layer]]
    colours: tuple[tuple[int, int, int], ...]
    frequency: float
    length: tuple[float, float]


KINDS = {
    'washer': Kind(_washer, METALS, 1.0, (14, 40)),
    'nut': Kind(_nut, METALS, 0.75, (14, 40)),
    'bolt': Kind(_bolt, METALS, 0.55, (28, 72)),
    'resistor': Kind(_resistor, ((206, 178, 132), (120, 160, 186), (150, 178, 140)), 0.4, (26, 58)),
    'chip': Kind(_chip, PLASTICS[:2], 0.28, (24, 62)),
    'gear': Kind(_gear, METALS + PLASTICS[4:], 0.2, (22, 62)),
    'battery': Kind(_battery, PLASTICS, 0.14, (36, 80)),
    'key': Kind(_key, METALS, 0.1, (36, 80)),
}
CLASSES = tuple(KINDS)


@dataclass(frozen=True)
class Part:
    """One part on the bench; lengths in pixels of the finished image.

    Attributes:
        label: Index into ``CLASSES``.
        x, y: Centre.
        length: Longest side.
        angle: Rotation in radians.
        velocity: (x, y) pixels that it moves from one frame to the next.
        seed: Makes its shape and colour.
    """

    label: int
    x: float
    y: float
    length: float
    angle: float
    velocity: tuple[float, float]
    seed: int


def paint(canvas: np.ndarray, owner: np.ndarray, part: Part, number: int, scale: float) -> int:
    """Draw a part and its shadow onto a canvas, over what is there.

    Args:
        canvas: (H, W, 3) float32 RGB, changed in place.
        owner: (H, W) int32, set to ``number`` where the part covers the bench.
        part: What to draw.
        number: The part's number in ``owner``.
        scale: Canvas pixels per pixel of the finished image.

    Returns:
        The number of canvas pixels that the part covers, whether or not something is laid over them later.
    """
    rng = np.random.default_rng(part.seed)
    kind = KINDS[CLASSES[part.label]]
    colour = np.array(kind.colours[rng.integers(len(kind.colours))], np.float32) * rng.uniform(0.85, 1.12)
    radius = int(0.62 * part.length * scale) + 6
    left, top = int(part.x * scale) - radius, int(part.y * scale) - radius
    window = _window(canvas.shape[:2], left, top, 2 * radius)
    sprite: np.ndarray = np.zeros((2 * radius, 2 * radius), np.uint8)
    tone = np.ones(sprite.shape, np.float32)
    place = _placement(part, radius, scale)
    for contours, shade in kind.draw(rng):
        layer = np.zeros_like(sprite)
        cv2.fillPoly(layer, [place(contour) for contour in contours], 255, lineType=cv2.LINE_AA, shift=4)
        tone += (shade - tone) * (layer / np.float32(255))
        sprite = np.maximum(sprite, layer)
    _blend(canvas, owner, sprite, tone, colour, window, number)
    return int((sprite > 127).sum())


def _placement(part: Part, radius: int, scale: float) -> Callable[[Contour], np.ndarray]:
    turn = np.array([[np.cos(part.angle), np.sin(part.angle)], [-np.sin(part.angle), np.cos(part.angle)]])
    offset = radius + np.array([part.x * scale % 1, part.y * scale % 1])

    def place(contour: Contour) -> np.ndarray:
        return np.rint((contour @ turn * (part.length * scale / 2) + offset) * 16).astype(np.int32)

    return place


def _window(shape: tuple[int, ...], left: int, top: int, size: int) -> tuple[slice, slice, slice, slice]:
    """Return the canvas rows and columns under a sprite and the sprite's own, cut at the canvas's edge."""
    rows = slice(max(top, 0), max(min(top + size, shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + size, shape[1]), 0))
    return rows, columns, slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)


def _blend(
    canvas: np.ndarray,
    owner: np.ndarray,
    sprite: np.ndarray,
    tone: np.ndarray,
    colour: np.ndarray,
    window: tuple[slice, slice, slice, slice],
    number: int,
) -> None:
    rows, columns, sprite_rows, sprite_columns = window
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    mask = sprite.astype(np.float32) / 255
    soft = cv2.GaussianBlur(mask, (0, 0), 2.2)
    shadow = np.roll(cv2.GaussianBlur(mask, (0, 0), 3.5), (5, 4), axis=(0, 1))
    bevel = np.roll(soft, (2, 2), axis=(0, 1)) - np.roll(soft, (-2, -2), axis=(0, 1))  # the light comes from top left
    lit = colour * tone[..., None] * (1 - 0.9 * bevel[..., None])
    cut = (sprite_rows, sprite_columns)
    alpha, dark = mask[cut][..., None], shadow[cut][..., None]
    patch = canvas[rows, columns] * (1 - 0.5 * dark)
    canvas[rows, columns] = patch + (lit[cut] - patch) * alpha
    owner[rows, columns][sprite[cut] > 127] = number
