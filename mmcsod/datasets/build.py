"""Building the datasets of a config."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope, init_default_scope

from mmcsod.datasets.classes import check_classes, refuse_empty_leaves
from mmcsod.datasets.ids import leaf_datasets
from mmcsod.datasets.instances import boxes_and_labels
from mmcsod.records.coreset import Coreset
from mmcsod.records.validation import LabelledImage
from mmcsod.util.config import training_set
from mmcsod.util.errors import UserError, first_cause


def enter_scope(config: Config) -> None:
    """Have names such as 'PackDetInputs' looked up where ``config`` means them, unless a runner has seen to it."""
    if DefaultScope.get_current_instance() is None:
        init_default_scope(config.get('default_scope') or 'mmdet')


def build_leaves(config: Config, part: str) -> list[BaseDataset]:
    """Return the datasets that hold the images of a config's 'train', 'val' or 'test' set; none if it has none."""
    loader = config.get(f'{part}_dataloader')
    if not loader:
        return []
    enter_scope(config)
    try:
        return leaf_datasets(DATASETS.build(loader['dataset']))
    except UserError:
        raise
    except Exception as error:  # an annotation file can be wrong in any way
        raise UserError(
            f'The data of {part}_dataloader cannot be read ({first_cause(error)}); check them in the config.'
        ) from error


def labelled_images(leaves: Sequence[BaseDataset]) -> tuple[LabelledImage, ...]:
    """Return the images of datasets with their labels, in their order."""
    return tuple(_labelled(leaf, leaf.get_data_info(index)) for leaf in leaves for index in range(len(leaf)))


def _labelled(leaf: BaseDataset, info: Mapping[str, Any]) -> LabelledImage:
    boxes, labels = boxes_and_labels(info)
    classes = leaf.metainfo.get('classes') or ()
    names = tuple(classes[label] if 0 <= label < len(classes) else '' for label in labels)
    return LabelledImage(str(info['img_path']), (info.get('width') or 0, info.get('height') or 0), names, boxes)


def build_training_set(config: Config, allow_missing_classes: bool = False, coreset: Coreset | None = None) -> Any:
    """Build the training dataset of ``config``, wrapper, filter and all; its labels are not checked again.

    ``coreset`` is the content of the file that the config's CoresetDataset names, where it has been read.
    """
    enter_scope(config)
    settings = training_set(config)
    try:
        dataset = _build(settings, coreset)
    except UserError:
        raise
    except Exception as error:  # an annotation file can be wrong in any way
        refuse_empty_leaves(settings)
        raise UserError(
            f'The training data cannot be read ({type(error).__name__}: {error}); check data_root and '
            'ann_file of the config.'
        ) from error
    for leaf in leaf_datasets(dataset):
        check_classes(leaf, allow_missing_classes)
    return dataset


def _build(settings: Mapping[str, Any], coreset: Coreset | None) -> Any:
    if coreset is None:
        return DATASETS.build(settings)
    inner = DATASETS.build(settings['dataset'])  # built, since CoresetDataset would check a config's labels
    return DATASETS.build({**settings, 'dataset': inner, 'coreset': coreset})
