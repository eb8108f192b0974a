"""What an extraction prints before it begins."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from torch import nn

from mmcsod.datasets.ids import nested_configs
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.reader import FeatureReader
from mmcsod.util.config import training_set, type_name

logger = logging.getLogger('mmcsod')

NO_LABEL_SCORES = 'not stored (they need ground truth and a box head trained on these classes)'


def announce(cfg: Config, dataset: ExtractionDataset, reader: FeatureReader, keep_objects: bool) -> None:
    """Log what is read, with which pipeline and tap, and what is left out."""
    steps = ' -> '.join(_call(step) for step in dataset.pipeline)
    logger.info('Images: %d, objects: %d, classes: %d', len(dataset), len(dataset.objects), len(dataset.classes))
    for line in (*dataset.images_left_out.lines('images'), *dataset.objects_left_out.lines('objects')):
        logger.info(line)
    logger.info('Pipeline: %s', steps)
    logger.info("Tap '%s': %s", reader.tap.name, reader.tap.description)
    logger.info('Object vectors: %s', 'stored' if keep_objects else 'not stored (--keep-objects stores them)')
    logger.info('Label scores: %s', 'stored' if reader.scores_labels else NO_LABEL_SCORES)
    for line in surprises(cfg, reader.tap.detector, len(dataset.classes)):
        logger.info(line)


def surprises(cfg: Config, detector: Any, num_classes: int) -> Iterator[str]:
    """Yield a sentence if the config already trains on a coreset, and if its model is for another number of classes."""
    if any(type_name(dataset) == 'CoresetDataset' for dataset in nested_configs(training_set(cfg))):
        yield (
            'The config already trains on a coreset (CoresetDataset); images are selected from the whole training set '
            'that it wraps.'
        )
    head = getattr(getattr(detector, 'roi_head', detector), 'bbox_head', None)
    of_model = getattr(head[0] if isinstance(head, nn.ModuleList) else head, 'num_classes', num_classes)
    if of_model != num_classes:
        yield (
            f'The model has {of_model} classes and the data {num_classes}: features do not depend on that, but '
            f'training this config needs num_classes={num_classes}.'
        )


def _call(step: Mapping[str, Any]) -> str:
    """Return a transform's config as the call that it stands for."""
    arguments = ', '.join(f'{key}={value!r}' for key, value in step.items() if key != 'type' and value is not None)
    return f'{step["type"]}({arguments})'
