"""A dataset wrapper that leaves only a coreset's images in whatever it wraps."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, force_full_init

from mmcsod.datasets.filtering import keep_images
from mmcsod.datasets.ids import leaf_datasets
from mmcsod.records.coreset import Coreset, first_picks
from mmcsod.util.errors import UserError


@DATASETS.register_module()
class CoresetDataset:
    """Train on a coreset: filter the leaf datasets below any nest of wrappers, and step aside.

    The images are dropped in the leaves, not here: MultiImageMixDataset draws its partners from its own inner
    dataset, ClassBalancedDataset computes its factors there and MultiSourceSampler reads ``cumulative_sizes``, so
    filtering outside would let dropped images leak back in. Attributes that samplers and hooks expect of the wrapped
    dataset (``datasets``, ``cumulative_sizes``, ``update_skip_type_keys``) are passed through, and so is the pipeline
    that PipelineSwitchHook sets.

    Like MMEngine's wrappers this is no ``BaseDataset``, has no subsets, and is given to other wrappers as a config.

    Args:
        dataset: The training dataset, leaf or wrapped: a config, or a built dataset, which is changed in place.
        coreset: A coreset file, or a :class:`~mmcsod.records.coreset.Coreset`.
        num_images: Use only this many images, the first that were picked.
        lazy_init: Leave reading the annotations to :meth:`full_init`.
        **inherited: Nothing; what a ``_base_`` config leaves here is refused.

    Raises:
        UserError: If settings of the wrapped dataset are beside these; if the coreset cannot be read, has fewer than
            ``num_images`` images, was made on other classes, or names images that the dataset does not have; or if the
            dataset is a test set.

    Example:
        >>> train_dataloader = dict(dataset=dict(
        ...     type='CoresetDataset', coreset='work_dirs/coreset.json', num_images=200, dataset=dict(...)))
    """

    def __init__(
        self,
        dataset: BaseDataset | dict,
        coreset: str | Path | Coreset,
        num_images: int | None = None,
        lazy_init: bool = False,
        **inherited: Any,
    ) -> None:
        if inherited:
            raise UserError(
                f'CoresetDataset was given {", ".join(inherited)}, which belong to the dataset inside: a config with '
                "_base_ merges its dataset with the base's; write _delete_=True beside type='CoresetDataset', and all "
                'of the dataset inside.'
            )
        loaded = coreset if isinstance(coreset, Coreset) else Coreset.load(coreset)
        self._coreset: Coreset | None = first_picks(loaded, num_images)
        self._copies: TemporaryDirectory[str] | None = None
        self._originals: Mapping[str, str] = {}
        self.dataset = self._build(dataset) if isinstance(dataset, dict) else dataset
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def _build(self, settings: dict) -> Any:
        """Build the dataset inside, from corrected copies of its annotation files where it needs them."""
        # Not above: this module is imported while MMDetection's registries load, before its datasets are there.
        from mmcsod.datasets.check import use_checked_labels

        config = Config({'train_dataloader': {'dataset': settings}})
        folder = TemporaryDirectory(prefix='mmcsod-labels-')
        self._originals = use_checked_labels(config, Path(folder.name), ('train',))
        if self._originals:
            self._copies = folder
        return DATASETS.build(config.train_dataloader.dataset)

    def _drop_copies(self) -> None:
        if self._copies is not None:
            for leaf in leaf_datasets(self.dataset):
                leaf.ann_file = self._originals.get(leaf.ann_file, leaf.ann_file)
            self._copies.cleanup()
            self._copies = None

    @property
    def metainfo(self) -> Any:
        """The wrapped dataset's meta information: a dict, or a list of them for a ConcatDataset of unlike leaves."""
        return self.dataset.metainfo

    @property
    def pipeline(self) -> Any:
        """The wrapped dataset's transforms."""
        return self.dataset.pipeline

    @pipeline.setter
    def pipeline(self, transforms: Any) -> None:
        self.dataset.pipeline = transforms

    def full_init(self) -> None:
        """Read the annotations, drop the images that are not in the coreset, and re-initialise the wrappers."""
        if self._coreset is not None:
            keep_images(self.dataset, self._coreset)
            self._coreset = None  # workers need no copy of it
            self._drop_copies()
        self._fully_initialized = True

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of the ``idx``-th sample."""
        return self.dataset.get_data_info(idx)

    @force_full_init
    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the labels of all objects in the ``idx``-th sample."""
        if hasattr(self.dataset, 'get_cat_ids'):
            return self.dataset.get_cat_ids(idx)
        return [instance['bbox_label'] for instance in self.get_data_info(idx)['instances']]

    @force_full_init
    def __getitem__(self, idx: int) -> Any:
        return self.dataset[idx]

    @force_full_init
    def __len__(self) -> int:
        return len(self.dataset)

    def get_subset(self, indices: list[int] | int) -> NoReturn:
        """Not supported, as in MMEngine's wrappers: which level the indices mean would be ambiguous."""
        raise NotImplementedError(
            'CoresetDataset does not support get_subset and get_subset_; '
            "use num_images, or the wrapped dataset's `indices`."
        )

    get_subset_ = get_subset

    def __getattr__(self, name: str) -> Any:
        # Only names that are not found here arrive. Private ones are not passed on: copying and unpickling ask for
        # them before `dataset` is set.
        if name.startswith('_') or name == 'dataset':
            raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')
        return getattr(self.dataset, name)
