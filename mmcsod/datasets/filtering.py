"""Dropping from a nest of datasets, at its leaves, all images but a coreset's."""

import logging
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmcsod.datasets.ids import all_image_ids, inner_datasets, leaf_datasets
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few


def keep_images(dataset: Any, coreset: Coreset) -> None:
    """Leave only the coreset's images in the leaves of ``dataset``, in place, and re-initialise what wraps them."""
    dataset.full_init()  # what is lazy in the nest may have a filter of its own
    leaves = leaf_datasets(dataset)
    for leaf in leaves:
        _check_leaf(leaf, coreset)
    ids = all_image_ids(leaves)
    _check_all_present(coreset, ids)
    wanted = set(coreset.image_ids)
    for leaf, leaf_ids in zip(leaves, ids, strict=True):
        _filter_leaf(leaf, [index for index, image in enumerate(leaf_ids) if image in wanted])
    _refresh(dataset)


def _check_leaf(leaf: BaseDataset, coreset: Coreset) -> None:
    if leaf.test_mode:
        raise UserError(
            f'{leaf.ann_file} is loaded with test_mode=True: a coreset is a selection of training images; '
            'wrap the training dataset only.'
        )
    classes = leaf.metainfo.get('classes')
    if classes is not None and set(classes) != set(coreset.classes):
        missing = sorted(set(coreset.classes) ^ set(classes))
        raise UserError(
            f'The coreset was made on {len(coreset.classes)} classes and the dataset {leaf.ann_file} has '
            f'{len(classes)}; {first_few(missing, 3)} are in only one of them; select again with this config.'
        )


def _check_all_present(coreset: Coreset, ids: Sequence[Sequence[str]]) -> None:
    present = {image for leaf_ids in ids for image in leaf_ids}
    missing = [image for image in coreset.image_ids if image not in present]
    if not missing:
        return
    example = next(iter(present), None)
    if len(missing) == len(coreset) and example is not None:
        cause = f'the dataset names its images like {example}, so data_root or the dataset differs from the selection'
    else:
        cause = (
            'filter_cfg, indices or the annotation files differ from the selection, '
            'or only a part of its training set is wrapped'
        )
    raise UserError(
        f'{len(missing)} of the {len(coreset)} images of the coreset are not among the '
        f'{len(present)} training images ({first_few(missing, 3)}): {cause}; '
        'use the training dataset that the coreset was selected from.'
    )


def _filter_leaf(leaf: BaseDataset, positions: list[int]) -> None:
    leaf.get_subset_(positions)
    if hasattr(leaf, 'cat_img_map'):  # CocoDataset keeps every image id per category, used before filtering only
        leaf.cat_img_map = {}
    if not positions:
        print_log(
            f'The coreset has no image of {leaf.ann_file}: samplers that draw from every dataset of a '
            'ConcatDataset (MultiSourceSampler) would wait for one forever.',
            logger='current',
            level=logging.WARNING,
        )


def _refresh(dataset: Any) -> None:
    """Let wrappers recompute, inside out, what they derived from their inner datasets' former lengths."""
    if isinstance(dataset, BaseDataset):
        return
    for child in inner_datasets(dataset):
        _refresh(child)
    dataset._fully_initialized = False
    dataset.full_init()
    if 'num_samples' in vars(dataset):  # MultiImageMixDataset reads the length when it is made
        dataset.num_samples = len(dataset.dataset)
    _refresh_metainfo(dataset)


def _refresh_metainfo(dataset: Any) -> None:
    if 'cumulative_sizes' not in vars(dataset):
        if '_metainfo' in vars(dataset):  # a copy of its inner dataset's
            dataset._metainfo = dataset.dataset.metainfo
        return
    infos = dataset._metainfo if isinstance(dataset._metainfo, list) else [dataset._metainfo]
    for info in infos:  # where mmdet's ConcatDataset, unlike mmengine's, writes its sizes
        if 'cumulative_sizes' in info:
            info['cumulative_sizes'] = dataset.cumulative_sizes
