"""The workbench under the parts: surface, light and clutter that belongs to no class."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Size = tuple[int, int]  # height, width


def noise(rng: np.random.Generator, size: Size, cell_y: float, cell_x: float) -> np.ndarray:
    """Return (H, W) float32 smooth noise in -1..1 whose lumps are ``cell_y`` x ``cell_x`` pixels."""
    grid = rng.uniform(-1, 1, (max(2, int(size[0] / cell_y)), max(2, int(size[1] / cell_x)))).astype(np.float32)
    return cv2.resize(grid, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def _tinted(colour: tuple[int, int, int], relief: np.ndarray) -> np.ndarray:
    return np.array(colour, np.float32) * (1 + relief[..., None])


def _wood(rng: np.random.Generator, size: Size) -> np.ndarray:
    rings = np.sin(14 * noise(rng, size, 60, 400) + 0.12 * np.arange(size[0])[:, None]).astype(np.float32)
    relief = 0.07 * rings + 0.1 * noise(rng, size, 4, 150) + 0.05 * noise(rng, size, 2, 20)
    wood = _tinted(((168, 124, 82), (120, 82, 54), (198, 164, 120))[rng.integers(3)], relief)
    plank = int(rng.integers(70, 150))
    wood[rng.integers(plank) :: plank] *= 0.55
    return wood


def _steel(rng: np.random.Generator, size: Size) -> np.ndarray:
    relief = 0.09 * noise(rng, size, 2, 260) + 0.06 * noise(rng, size, 150, 150)
    return _tinted(((150, 154, 158), (108, 112, 120))[rng.integers(2)], relief)


def _cutting_mat(rng: np.random.Generator, size: Size) -> np.ndarray:
    mat = _tinted(((44, 96, 84), (52, 70, 112), (70, 72, 78))[rng.integers(3)], 0.05 * noise(rng, size, 3, 3))
    step = int(rng.integers(26, 44))
    mat[::step] += 38
    mat[:, ::step] += 38
    return mat


def _cardboard(rng: np.random.Generator, size: Size) -> np.ndarray:
    relief = 0.05 * noise(rng, size, 300, 5) + 0.06 * noise(rng, size, 3, 3) + 0.06 * noise(rng, size, 90, 90)
    return _tinted(((176, 144, 104), (214, 206, 190))[rng.integers(2)], relief)


def _cloth(rng: np.random.Generator, size: Size) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    weave = np.sin(x * 1.15) * np.sin(y * 1.15)
    colour = ((92, 104, 132), (136, 96, 92), (120, 124, 112))[rng.integers(3)]
    return _tinted(colour, 0.11 * weave + 0.13 * noise(rng, size, 110, 90) + 0.05 * noise(rng, size, 3, 3))


def _concrete(rng: np.random.Generator, size: Size) -> np.ndarray:
    relief = 0.09 * noise(rng, size, 6, 6) + 0.08 * noise(rng, size, 30, 30) + 0.08 * noise(rng, size, 120, 120)
    return _tinted((144, 142, 138), relief)


SURFACES: tuple[Callable[[np.random.Generator, Size], np.ndarray], ...] = (
    _wood,
    _steel,
    _cutting_mat,
    _cardboard,
    _cloth,
    _concrete,
)


def _cable(rng: np.random.Generator, bench: np.ndarray) -> None:
    height, width = bench.shape[:2]
    ends = rng.uniform(-0.1, 1.1, (4, 2)) * (width, height)
    t = np.linspace(0, 1, 40)[:, None]
    curve = (1 - t) ** 3 * ends[0] + 3 * t * (1 - t) ** 2 * ends[1] + 3 * t**2 * (1 - t) * ends[2] + t**3 * ends[3]
    colour = np.array(((40, 40, 44), (168, 44, 40), (44, 76, 150), (210, 206, 196))[rng.integers(4)], float)
    thickness = int(rng.integers(4, 9))
    for shift, tone, line in ((4, None, thickness + 2), (0, 0.8, thickness), (-1, 1.25, max(1, thickness // 3))):
        points = [np.rint(curve + shift).astype(np.int32)]
        if tone is None:
            shade = np.ones(bench.shape[:2], np.float32)
            cv2.polylines(shade, points, False, 0.6, line, cv2.LINE_AA)
            bench *= cv2.GaussianBlur(shade, (0, 0), 2)[..., None]
        else:
            cv2.polylines(bench, points, False, tuple(colour * tone), line, cv2.LINE_AA)


def _scrap(rng: np.random.Generator, bench: np.ndarray) -> None:
    """A torn piece of tape or paper: a quadrangle about the size of a part."""
    height, width = bench.shape[:2]
    centre = rng.uniform(0, 1, 2) * (width, height)
    box = cv2.boxPoints((tuple(centre), tuple(rng.uniform(16, 90, 2)), rng.uniform(0, 180)))
    colour = ((222, 218, 206), (204, 184, 96), (60, 62, 66), (130, 150, 170))[rng.integers(4)]
    cv2.fillPoly(
        bench,
        [np.rint((box + rng.normal(0, 4, box.shape)) * 16).astype(np.int32)],
        tuple(np.array(colour, float) * rng.uniform(0.8, 1.05)),
        cv2.LINE_AA,
        4,
    )


def _stain(rng: np.random.Generator, bench: np.ndarray) -> None:
    """A spill or the ring of a cup, which looks a little like a washer."""
    height, width = bench.shape[:2]
    shade = np.ones((height, width), np.float32)
    centre = tuple(int(v) for v in rng.uniform(0, 1, 2) * (width, height))
    axes = tuple(int(v) for v in rng.uniform(14, 60) * rng.uniform(0.8, 1.2, 2))
    line = -1 if rng.random() < 0.5 else int(rng.integers(2, 7))
    cv2.ellipse(shade, centre, axes, rng.uniform(0, 180), 0, 360, rng.uniform(0.68, 0.88), line, cv2.LINE_AA)
    bench *= cv2.GaussianBlur(shade, (0, 0), 1.5)[..., None]


def _scratches(rng: np.random.Generator, bench: np.ndarray) -> None:
    height, width = bench.shape[:2]
    for _ in range(int(rng.integers(3, 12))):
        start = rng.uniform(0, 1, 2) * (width, height)
        end = start + rng.normal(0, 50, 2)
        tone = 40 + 180 * rng.random()
        cv2.line(
            bench,
            tuple(np.rint(start).astype(int).tolist()),
            tuple(np.rint(end).astype(int).tolist()),
            (tone, tone, tone),
            1,
            cv2.LINE_AA,
        )


def lay_bench(rng: np.random.Generator, size: Size) -> np.ndarray:
    """Return an empty bench with clutter.

    Args:
        rng: Source of its looks.
        size: Height and width in pixels.

    Returns:
        (H, W, 3) float32, RGB in about 0..255.
    """
    bench = np.ascontiguousarray(SURFACES[rng.integers(len(SURFACES))](rng, size), dtype=np.float32)
    for clutter, most in ((_stain, 3), (_scratches, 2), (_scrap, 4), (_cable, 3)):
        for _ in range(int(rng.integers(0, most + 1))):
            clutter(rng, bench)
    return bench
