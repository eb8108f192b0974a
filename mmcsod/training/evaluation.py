"""The validation set and evaluator of a config, built before training: after it is too late to hear of a mistake."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import EVALUATOR

from mmcsod.datasets.classes import check_classes
from mmcsod.datasets.ids import leaf_datasets
from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few


def build_validation_set(config: Config, classes: tuple[str, ...], allow_missing_classes: bool = False) -> Any:
    """Build the validation set of ``config``, None if it has none, and its evaluator to see that it can be built."""
    loader, evaluator = config.get('val_dataloader'), config.get('val_evaluator')
    if not loader:
        return None
    try:
        dataset = DATASETS.build(loader.dataset)
        dataset.full_init()
        metrics = _build_evaluator(evaluator).metrics
    except UserError:
        raise
    except Exception as error:  # an annotation file can be wrong in any way
        raise UserError(
            f'The validation data cannot be read ({type(error).__name__}: {error}); check val_dataloader '
            'and val_evaluator of the config, or take those of your own with --data.'
        ) from error
    _check_classes(dataset, classes)
    _check_evaluated_images(dataset, metrics)
    for leaf in leaf_datasets(dataset):
        check_classes(leaf, allow_missing_classes)
    return dataset


def _build_evaluator(config: Any) -> Evaluator:
    """Build it as MMEngine's runner does."""
    if isinstance(config, Mapping) and 'metrics' in config:
        return EVALUATOR.build({'type': 'Evaluator', **config})
    return Evaluator(config)


def _check_classes(dataset: Any, classes: tuple[str, ...]) -> None:
    found = tuple(dataset.metainfo.get('classes') or ()) if isinstance(dataset.metainfo, Mapping) else ()
    if found and found != classes:
        raise UserError(
            f'The validation set has {len(found)} classes ({first_few(found, 3)}) and the training '
            f'set {len(classes)} ({first_few(classes, 3)}); give both the same metainfo.classes, or '
            'take the data of your own config with --data.'
        )


def _check_evaluated_images(dataset: Any, metrics: Sequence[Any]) -> None:
    """Refuse an evaluator that reads the annotations of other images, which pycocotools asserts after the training."""
    leaves = leaf_datasets(dataset)
    ids = {leaf.get_data_info(index).get('img_id') for leaf in leaves for index in range(len(leaf))}
    for metric in metrics:
        coco = getattr(metric, '_coco_api', None)
        others = [] if coco is None else [number for number in ids if number not in coco.imgs]
        if others:
            raise UserError(
                f'{len(others)} of {len(ids)} validation images ({leaves[0].ann_file}) are not in the annotation file '
                f'of the evaluator {type(metric).__name__}, image_id {others[0]} first; give val_evaluator the '
                'ann_file of val_dataloader.'
            )
