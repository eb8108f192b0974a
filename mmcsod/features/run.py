"""Stage 1 from files: a config and a checkpoint in, a bank on disk out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mmcsod.features.detector import build_detector
from mmcsod.features.distributed import init_launcher
from mmcsod.features.extract import extract_features
from mmcsod.features.options import ExtractionOptions, default_work_dir
from mmcsod.labels.config import config_of
from mmcsod.records.bank import FeatureBank
from mmcsod.util.config import load_config
from mmcsod.util.errors import check_options


def extract_bank(
    config: str | Path,
    checkpoint: str | Path | None = None,
    work_dir: str | Path | None = None,
    device: str | None = None,
    launcher: str = 'none',
    cfg_options: Mapping[str, Any] | None = None,
    backbone: str | None = None,
    images: str | Path | None = None,
    val: str | Path | None = None,
    test: str | Path | None = None,
    **options: Any,
) -> FeatureBank:
    """Read the training set of a config with a detector, and save its imagewise-classwise vectors (Eq. 2 and 3).

    Args:
        config: Path of the detector's config, a stock name as ``mmdet::FOLDER/NAME.py``, or labels. For labels a config
            is written into ``work_dir``: see :func:`mmcsod.labels.config.write_config`.
        checkpoint: Its weights, trained on these classes or others; None takes the backbone alone, with the weights
            that its ``init_cfg`` names.
        work_dir: Where the folder ``features`` of the bank goes; ``work_dirs/CONFIG_NAME`` by default. A finished bank
            of the same detector and data there is reused.
        device: For example 'cuda:1'; by default the first CUDA device, or the CPU.
        launcher: How several processes were started: none, pytorch, slurm or mpi.
        cfg_options: Settings that replace the config's, by dotted name.
        backbone: A model of timm or torchvision, as ``timm:resnet18``, to read in place of the config's detector;
            ``checkpoint`` is then its weights, None its own package's.
        images: With labels, the folder of their images.
        val: With labels, those of the validation set.
        test: With labels, those of the test set.
        **options: Fields of :class:`mmcsod.features.options.ExtractionOptions`, such as ``tap`` and ``batch_size``.

    Returns:
        The bank, memory-mapped.

    Raises:
        UserError: If an option, the config, the checkpoint or the data is unfit, or the folder holds something else.
    """
    check_options(options, [field.name for field in fields(ExtractionOptions)], 'extract_bank')
    checked = ExtractionOptions(**options)
    config = config_of(config, work_dir, images, val, test, checked.overwrite)
    cfg = load_config(str(config), cfg_options)
    init_launcher(launcher, cfg.get('env_cfg', {}).get('dist_cfg', {}))
    detector = build_detector(cfg, checkpoint, device, checked.tap, backbone)
    return extract_features(detector, cfg, Path(work_dir or default_work_dir(config)) / 'features', checked)
