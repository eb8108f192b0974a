"""The images of a coreset with their annotations, read through MMDetection's own datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmcsod.datasets import all_image_ids, common_root, image_id, leaf_datasets
from mmcsod.datasets.build import build_training_set
from mmcsod.datasets.coreset_dataset import CoresetDataset
from mmcsod.datasets.instances import boxes_and_labels
from mmcsod.export.files import FilePlacer, inside
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError

Settings = Mapping[str, Any]
"""What to change in a leaf of the training dataset's config, by name."""


@dataclass(frozen=True)
class Source:
    """One leaf of the training set, filtered to the coreset.

    Attributes:
        leaf: The filtered dataset.
        image_ids: Id of each of its samples, in its order.
        root: What the ids are relative to.
    """

    leaf: BaseDataset
    image_ids: list[str]
    root: str

    def samples(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the id and the annotation of each image, as the dataset gives them to a pipeline.

        Raises:
            UserError: If an annotation is not as MMDetection documents it.
        """
        for index, image in enumerate(self.image_ids):
            info = self.leaf.get_data_info(index)
            _check(image, info, len(self.classes))
            yield image, info

    @property
    def ann_file(self) -> str:
        """Path of the leaf's annotation file, named as images are."""
        return image_id(self.leaf.ann_file, self.root)

    @property
    def folders(self) -> list[str]:
        """The folders that the config names."""
        leaf = self.leaf
        prefixes = leaf.data_prefix.values() if isinstance(leaf.data_prefix, Mapping) else ()
        return [folder for folder in (leaf.data_root, *prefixes) if folder]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names that labels index."""
        return tuple(self.leaf.metainfo['classes'])


def _check(image: str, info: Mapping[str, Any], num_classes: int) -> None:
    try:
        _, labels = boxes_and_labels(info)
        if len(labels) and labels.max() >= num_classes:
            raise ValueError(f'bbox_label is {labels.max()}, and there are {num_classes} classes')
        for side in ('width', 'height'):
            if not (isinstance(info[side], Real) and info[side] > 0):
                raise ValueError(f'{side} is {info[side]!r:.50}')
    except (LookupError, TypeError, ValueError) as error:
        raise UserError(
            f'The annotations of the image {image} are not as MMDetection documents them '
            f'({type(error).__name__}: {error}); mend them.'
        ) from error


def open_sources(coreset: Coreset, config: Config) -> list[Source]:
    """Build the training set of ``config`` and keep the coreset's images.

    Raises:
        UserError: If the data cannot be read or the coreset is not of this training set.
    """
    dataset = CoresetDataset(build_training_set(config, allow_missing_classes=True), coreset)
    leaves = leaf_datasets(dataset)
    root = common_root(leaves)
    return [Source(leaf, ids, root) for leaf, ids in zip(leaves, all_image_ids(leaves), strict=True)]


def source_settings(source: Source, placer: FilePlacer) -> Settings:
    """Return how a leaf of the stock config reads this source's part of the export, its annotation file aside."""
    settings: dict[str, Any] = {}
    if source.leaf._indices is not None:  # they were positions in the source's file
        settings['indices'] = None
    if placer.mode != 'reference':
        settings['data_root'] = f'{placer.out}/'
        settings['data_prefix'] = {key: _folder(prefix, source.root) for key, prefix in source.leaf.data_prefix.items()}
    return settings


def _folder(prefix: str, root: str) -> str:
    folder = str(inside(image_id(f'{prefix}/_', root)).parent)
    return '' if folder == '.' else f'{folder}/'
