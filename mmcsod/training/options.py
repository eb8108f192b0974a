"""How to train on a coreset: made once, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmcsod.util.errors import UserError


@dataclass(frozen=True, kw_only=True)
class RetrainOptions:
    """How to train; the defaults leave the stock config as it is.

    Attributes:
        data: Your own config: its datasets, dataloaders, evaluators and classes take the place of the stock config's.
        iters: Train for so many iterations, with the schedule scaled to them; otherwise the stock schedule stays.
        seed: Seed of initialisation, sampling and augmentation.
        num_images: Use only the first so many images of the coreset.
        gentle: Warm up, clip gradients and scale the learning rate to the batch, if the config does not; by default
            for detectors without an RoI head.
        amp: Automatic mixed precision.
        auto_scale_lr: Scale the learning rate to the batch, as MMDetection does.
        resume: Continue from the latest checkpoint in the work dir ('auto') or from the given one.
        overwrite: Start anew in a work dir that holds another run.
        launcher: What started the processes: none, pytorch, slurm or mpi.
        allow_missing_classes: Go on if the annotations lack a class of metainfo.classes.
        cfg_options: Settings that replace the config's, by dotted name.
        work_dir: Where to write the config, logs and checkpoints; by default below work_dirs, named after the config
            and the coreset, even if the config names the work dir of its own run.

    Raises:
        UserError: If ``iters`` is below 1.
    """

    data: str | None = None
    iters: int | None = None
    seed: int | None = None
    num_images: int | None = None
    gentle: bool | None = None
    amp: bool = False
    auto_scale_lr: bool = False
    resume: str | None = None
    overwrite: bool = False
    launcher: str = 'none'
    allow_missing_classes: bool = False
    cfg_options: Mapping[str, Any] = field(default_factory=dict)
    work_dir: str | Path | None = None

    def __post_init__(self) -> None:
        if self.iters is not None and self.iters < 1:
            raise UserError(f'--iters must be at least 1, not {self.iters}.')
