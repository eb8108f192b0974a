"""What a user may not expect of an extraction, though it is as the config says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from torch import nn

from mmcsod.datasets.ids import nested_configs
from mmcsod.util.config import training_set, type_name


def remarks(cfg: Config, detector: Any, num_classes: int) -> Iterator[str]:
    """Yield a sentence on a config that is of a coreset already, and one on a model for another number of classes.

    Args:
        cfg: The detector's config.
        detector: The detector, or as much of it as is read.
        num_classes: Classes of the training set.
    """
    if any(type_name(dataset) == 'CoresetDataset' for dataset in nested_configs(training_set(cfg))):
        yield (
            'The config trains on a coreset already (CoresetDataset); images are chosen from the whole training set '
            'that it wraps.'
        )
    head = getattr(getattr(detector, 'roi_head', detector), 'bbox_head', None)
    of_model = getattr(head[0] if isinstance(head, nn.ModuleList) else head, 'num_classes', num_classes)
    if of_model != num_classes:
        yield (
            f'The model has {of_model} classes and the data {num_classes}: features do not depend on that, but '
            f'training this config needs num_classes={num_classes}.'
        )
