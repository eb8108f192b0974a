"""How much an extraction would read and store, without decoding an image or loading a weight."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmcsod.features.checkpoint import refuse_missing
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.detector import untrained_tap
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.predicted_boxes import with_ground_truth
from mmcsod.labels.config import config_of
from mmcsod.util.config import load_config


@dataclass(frozen=True)
class ExtractionNeeds:
    """Sizes of the bank that an extraction would make.

    ``missing`` images are not there, as far as they are local files; ``num_bytes`` are those of class and object
    vectors.
    """

    images: int
    missing: int
    objects: int
    vectors: int
    classes: int
    tap: str
    dimensions: int
    num_bytes: int


def extraction_needs(
    config: str | Path,
    cfg_options: Mapping[str, Any],
    checkpoint: str | None,
    options: ExtractionOptions,
    labels: Mapping[str, Any],
) -> ExtractionNeeds:
    """Return what an extraction would read and store; ``labels`` are ``images``, ``val`` and ``test`` of labels."""
    if checkpoint is not None:
        refuse_missing(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / 'features'
        cfg = load_config(str(config_of(config, folder, **labels, overwrite=True)), cfg_options)
        cfg = with_ground_truth(cfg, options, directory, look_for_images=False)  # those that are missing are counted
        dataset = ExtractionDataset(cfg, options.pipeline, options.keep_ignored, options.allow_missing_classes)
        tap = untrained_tap(cfg, options.tap, from_backbone=checkpoint is None)
        return _needs(dataset, options, f"'{tap.name}': {tap.description}", tap.dimensions)


def _needs(dataset: ExtractionDataset, options: ExtractionOptions, tap: str, dimensions: int) -> ExtractionNeeds:
    used = dataset.objects[~dataset.objects['ignored']]
    vectors = len(np.unique(used['image'] * len(dataset.classes) + used['label']))
    stored = vectors + (len(used) if options.keeps_objects(len(dataset.objects)) else 0)
    return ExtractionNeeds(
        len(dataset),
        sum('://' not in path and not Path(path).exists() for path in dataset.image_paths()),
        len(used),
        vectors,
        len(dataset.classes),
        tap,
        dimensions,
        stored * dimensions * torch.float32.itemsize,
    )
