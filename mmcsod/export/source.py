"""The images of a coreset with their annotations, read through MMDetection's own datasets."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmcsod.datasets import all_image_ids, common_root, image_id, leaf_datasets
from mmcsod.datasets.audit import BELOW_MIN_SIZE, CROWD_OR_DIFFICULT, NO_CLASS, Account, reasons_left_out
from mmcsod.datasets.build import build_training_set
from mmcsod.datasets.coreset_dataset import CoresetDataset
from mmcsod.datasets.images import decoded_size, has_orientation, ignores_orientation
from mmcsod.export.files import FilePlacer, inside
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError

IGNORED = (CROWD_OR_DIFFICULT, BELOW_MIN_SIZE)
"""Reasons for which an object does not count, and training ignores it."""
Settings = Mapping[str, Any]
"""What to change in a leaf of the training dataset's config, by name."""


@dataclass(frozen=True)
class Export:
    """What was written.

    Attributes:
        settings: For each source, the settings with which the training dataset of a stock config reads the export; none
            for formats that MMDetection does not read.
        left_out: Objects of the selected images that were not written, by reason.
        carried: Objects that were written and are not of the classes that were selected on, by class.
    """

    settings: list[Settings] = field(default_factory=list)
    left_out: Account = field(default_factory=Account)
    carried: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Source:
    """One leaf of the training set, filtered to the coreset.

    Attributes:
        leaf: The filtered dataset.
        image_ids: Id of each of its samples, in its order.
        root: What the ids are relative to.
        without: Ids of samples to pass over.
        original: The annotation file that the leaf reads a corrected copy of; '' if it reads the file itself.
    """

    leaf: BaseDataset
    image_ids: list[str]
    root: str
    without: frozenset[str] = frozenset()
    original: str = ''

    def samples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the id and the annotation of each image, as the dataset gives them to a pipeline."""
        for index, image in enumerate(self.image_ids):
            if image not in self.without:
                yield image, self.leaf.get_data_info(index)

    def objects(self, image: str, info: dict[str, Any], account: Account) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """Yield the objects of an image that count, each with whether training ignores it; count the others."""
        self._refuse_turned(image, info)
        _set_decoded_size(image, info)
        min_size = (self.leaf.filter_cfg or {}).get('bbox_min_size')
        reasons = reasons_left_out(info, len(self.classes), min_size)
        for instance, reason in zip(info['instances'], reasons, strict=True):
            if reason in (None, *IGNORED) or (reason == NO_CLASS and instance['bbox_label'] < 0):
                yield instance, reason is not None
            else:
                account.add(reason, image)

    def _refuse_turned(self, image: str, info: Mapping[str, Any]) -> None:
        """Refuse an image that the detector saw as it is stored, and readers of the export see turned."""
        if ignores_orientation(self.leaf) and has_orientation(info['img_path']):
            raise UserError(
                f'The EXIF data of the image {image} turn it, which the config ignores and readers of the export may '
                'not, so its boxes would lie elsewhere; save it without EXIF data.'
            )

    @property
    def ann_file(self) -> str:
        """Path of the leaf's annotation file, named as images are; one that lies elsewhere is in ``annotations/``."""
        path = PurePosixPath(image_id(self.original or self.leaf.ann_file, self.root))
        return str(PurePosixPath('annotations', path.name) if path.is_absolute() else path)

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


def _set_decoded_size(image: str, info: dict[str, Any]) -> None:
    if size := decoded_size(info['img_path']):
        info['width'], info['height'] = size
        return
    for side in ('width', 'height'):  # the file is remote, for example
        if not (isinstance(info.get(side), int | float) and info[side] > 0):
            raise UserError(
                f'The annotations of the image {image} say that its {side} is {info.get(side)!r:.50}, and its file '
                'cannot be read to correct that; mend them.'
            )


def open_sources(coreset: Coreset, config: Config, originals: Mapping[str, str]) -> list[Source]:
    """Build the training set of ``config`` and keep the coreset's images; leaves without any are left out.

    ``originals`` has the path of each annotation file that is read from a copy, by that of the copy.
    """
    leaves = leaf_datasets(CoresetDataset(build_training_set(config, allow_missing_classes=True), coreset))
    found = zip(leaves, all_image_ids(leaves), strict=True)
    root = common_root(leaves)
    return [Source(leaf, ids, root, original=originals.get(leaf.ann_file, '')) for leaf, ids in found if ids]


def open_dropped(coreset: Coreset, config: Config) -> list[Source]:
    """Build the training set of ``config`` and keep the images that are not in the coreset."""
    leaves = leaf_datasets(build_training_set(config, allow_missing_classes=True))
    root, without = common_root(leaves), frozenset(coreset.image_ids)
    return [Source(leaf, ids, root, without) for leaf, ids in zip(leaves, all_image_ids(leaves), strict=True)]


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
