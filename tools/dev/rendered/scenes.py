"""Scenes of parts on a workbench and the frames that a slowly moving camera takes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from rendered.bench import lay_bench, noise
from rendered.parts import CLASSES, KINDS, Part, paint

HEIGHT, WIDTH = 160, 192
OVERSAMPLING = 2
MARGIN = 24  # pixels of bench around the first frame, for the camera to move over
MOST_PARTS = 12
VISIBLE = 0.3  # a part of which less can be seen is not annotated


@dataclass(frozen=True)
class Frame:
    """One image and its ground truth.

    Attributes:
        image: (HEIGHT, WIDTH, 3) uint8 RGB.
        boxes: (K, 4) float, x1, y1, x2, y2 in pixels around what can be seen of each part.
        labels: (K,) indices into ``CLASSES``.
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def shoot(seed: tuple[int, ...], num_frames: int) -> Iterator[Frame]:
    """Lay out one scene and take a burst of frames of it; the same seed gives the same frames.

    Args:
        seed: Seed of everything in the scene.
        num_frames: Length of the burst.

    Yields:
        The frames, in order of time; each shows at most ``MOST_PARTS`` parts.
    """
    rng = np.random.default_rng(seed)
    size = (HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
    bench = lay_bench(rng, (OVERSAMPLING * size[0], OVERSAMPLING * size[1]))
    parts = _scatter(rng)
    lamp = 1 + rng.uniform(0.05, 0.3) * noise(rng, bench.shape[:2], bench.shape[0] / 2, bench.shape[1] / 2)
    exposure = rng.uniform(0.65, 1.2)
    camera = _camera_path(rng, num_frames)
    for pose in camera:
        frame = _expose(rng, bench * lamp[..., None], parts, pose, exposure * rng.uniform(0.97, 1.03))
        yield frame
        parts = [_moved(part) for part in parts]


def _scatter(rng: np.random.Generator) -> list[Part]:
    frequencies = np.array([KINDS[name].frequency for name in CLASSES])
    # What lies on one bench belongs together: a few kinds prevail, others as a matter of chance.
    mixture = rng.dirichlet(0.35 * len(CLASSES) * frequencies / frequencies.sum())
    parts: list[Part] = []
    for _ in range(int(rng.integers(1, MOST_PARTS + 1))):
        for _ in range(20):
            part = _random_part(rng, int(rng.choice(len(CLASSES), p=mixture)))
            if all(_apart(part, other) for other in parts):
                parts.append(part)
                break
    return parts


def _random_part(rng: np.random.Generator, label: int) -> Part:
    shortest, longest = KINDS[CLASSES[label]].length
    moves = rng.random() < 0.25
    return Part(
        label=label,
        x=MARGIN + rng.uniform(0.06, 0.94) * WIDTH,
        y=MARGIN + rng.uniform(0.06, 0.94) * HEIGHT,
        length=shortest * (longest / shortest) ** rng.random(),
        angle=rng.uniform(0, 2 * np.pi),
        velocity=(float(rng.normal(0, 2.0)), float(rng.normal(0, 2.0))) if moves else (0.0, 0.0),
        seed=int(rng.integers(2**32)),
    )


def _apart(part: Part, other: Part) -> bool:
    """Whether two parts overlap little enough to be told apart."""
    return bool(np.hypot(part.x - other.x, part.y - other.y) > 0.28 * (part.length + other.length))


def _moved(part: Part) -> Part:
    return replace(
        part, x=part.x + part.velocity[0], y=part.y + part.velocity[1], angle=part.angle + 0.03 * part.velocity[0]
    )


def _camera_path(rng: np.random.Generator, num_frames: int) -> list[np.ndarray]:
    """Return one (2, 3) matrix a frame that maps the bench to the oversampled image."""
    drift = rng.normal(0, 1.2, 2) + rng.normal(0, 0.7, (num_frames, 2))
    offsets = np.clip(np.cumsum(drift, axis=0) - drift[0], -MARGIN, MARGIN)
    zooms = np.clip(1 + np.cumsum(rng.normal(0, 0.008, num_frames)), 0.9, 1.1)
    turns = np.cumsum(rng.normal(0, 0.5, num_frames))
    centre = (OVERSAMPLING * (MARGIN + WIDTH / 2), OVERSAMPLING * (MARGIN + HEIGHT / 2))
    path = []
    for offset, zoom, turn in zip(offsets, zooms, turns, strict=True):
        matrix: np.ndarray = cv2.getRotationMatrix2D(centre, turn, zoom)
        matrix[:, 2] -= OVERSAMPLING * (MARGIN + offset)
        path.append(matrix)
    return path


def _expose(rng: np.random.Generator, bench: np.ndarray, parts: list[Part], pose: np.ndarray, exposure: float) -> Frame:
    owner = np.full(bench.shape[:2], -1, np.int32)
    covered = [paint(bench, owner, part, number, OVERSAMPLING) for number, part in enumerate(parts)]
    size = (OVERSAMPLING * WIDTH, OVERSAMPLING * HEIGHT)
    warped = cv2.warpAffine(bench, pose, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    clean = cv2.resize(warped, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) * exposure
    image = np.clip(clean + rng.normal(0, 4, clean.shape), 0, 255).astype(np.uint8)
    seen = cv2.warpAffine(
        owner.astype(np.float32), pose, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=-1
    )
    boxes, labels = _annotate(seen.astype(np.int32), parts, covered)
    return Frame(image, boxes, labels)


def _annotate(seen: np.ndarray, parts: list[Part], covered: list[int]) -> tuple[np.ndarray, np.ndarray]:
    boxes, labels = [], []
    for number, part in enumerate(parts):
        rows, columns = np.nonzero(seen == number)
        if len(rows) and len(rows) >= VISIBLE * covered[number]:
            boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
            labels.append(part.label)
    return np.array(boxes, float).reshape(-1, 4) / OVERSAMPLING, np.array(labels, int)
