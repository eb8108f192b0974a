"""What the demo can be run on: the photographs that a checkout carries, or rendered images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mmcsod.demo.dataset import Recipe, render_dataset
from mmcsod.util.errors import UserError

WORK_DIR = Path('work_dirs/demo')  # relative, as the rendered config's data_root
CHESS = Path('data/chess')  # relative, as the config's data_root


@dataclass(frozen=True)
class Scenario:
    """A dataset, a detector, and how much of both the demo takes.

    Attributes:
        images: What the images are, for people.
        config: Config of the detector.
        prepare: Returns the folder that image ids are below, made first where it is to be made.
        num_images: Size of the coreset and of the random subsets.
        full_iters: Iterations on the full training set.
        subset_iters: Iterations on each subset.
        seeds: Seeds of the trainings, and of the random draws.
    """

    images: str
    config: str
    prepare: Callable[[], Path]
    num_images: int
    full_iters: int
    subset_iters: int
    seeds: tuple[int, ...] = (0, 1)


def photographs() -> Scenario:
    """Return the scenario of real photographs: chess boards, of which a tenth is chosen."""
    return Scenario(
        'photographs of chess boards',
        'mmcsod::demo/faster-rcnn_mobilenet-v2_fpn_chess.py',
        _find_chess,
        num_images=24,
        full_iters=80,
        subset_iters=80,
    )


def rendered(recipe: Recipe | None = None) -> Scenario:
    """Return the scenario of rendered images, which come in bursts as video gives them."""
    return Scenario(
        'rendered images of parts on a workbench',
        'mmcsod::demo/faster-rcnn_r18-w16_fpn_demo.py',
        partial(render_dataset, WORK_DIR / 'data', recipe),
        num_images=60,
        full_iters=500,
        subset_iters=250,
    )


def shorter(scenario: Scenario, num_images: int, iters: int) -> Scenario:
    """Return a scenario cut down to one seed, for a test or a first look."""
    return replace(scenario, num_images=num_images, full_iters=iters, subset_iters=iters, seeds=(0,))


def _find_chess() -> Path:
    if not CHESS.is_dir():
        raise UserError(
            f"There is no {CHESS} in {Path.cwd()}: the demo's photographs come with a checkout of mmcsod; "
            'run the demo in its folder, or with --rendered.'
        )
    return CHESS
