"""The training set as Stage 1 reads it: every image once, in dataset order, with its ground truth."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from mmcsod.datasets.audit import NUM_EXAMPLES, Account, initialise, reasons_left_out
from mmcsod.datasets.build import enter_scope
from mmcsod.datasets.classes import category_names, check_classes, labels_of_categories, refuse_empty_leaves
from mmcsod.datasets.ids import all_image_ids, common_root, leaf_configs
from mmcsod.datasets.instances import boxes_and_labels
from mmcsod.features.image_view import ImageView, ImageViewer, watch_loader
from mmcsod.features.packed_boxes import packed_boxes
from mmcsod.features.pipeline import derive_pipeline
from mmcsod.records.bank import OBJECT_DTYPE
from mmcsod.util.config import training_set
from mmcsod.util.console import show_traceback
from mmcsod.util.errors import UserError, first_cause

logger = logging.getLogger('mmcsod')

NUM_FAILURES = 50
"""An extraction whose first images fail, so many and all in one way, is given up."""


@dataclass(frozen=True)
class Sample:
    """One image, ready for the detector.

    It holds arrays, not tensors, which PyTorch passes between processes through shared memory: where that is small
    (64 MB in Docker by default), workers wait for room without a word. Arrays go through a pipe.

    Attributes:
        index: Position of the image in the pool.
        inputs: (3, h, w) uint8, the resized image. This and the next four are None if it could not be read.
        data_sample: Its ``DetDataSample``, which holds no annotations but what is known of the image.
        boxes: (k, 4) float32 x1, y1, x2, y2 of the usable objects in pixels of the resized image.
        labels: (k,) int32, index of the class of each.
        view: What the loader gave.
        error: Why the image could not be read.
    """

    index: int
    inputs: Any = None
    data_sample: Any = None
    boxes: Any = None
    labels: np.ndarray | None = None
    view: ImageView | None = None
    error: str | None = None


class ExtractionDataset(Dataset):
    """Images and ground truth of the leaf datasets of ``cfg.train_dataloader``.

    Options are those of :class:`mmcsod.features.options.ExtractionOptions`.

    Attributes:
        leaves: The datasets that hold the images, in their order.
        classes: Class names in dataset order.
        images: Image ids in dataset order.
        root: The folder or URL that image ids are below, '' if they are no relative paths.
        objects: (O,) of ``OBJECT_DTYPE``, image by image, those of no class left out; ``ignored`` marks what no vector
            is made of.
        pipeline: The transforms in use.
        objects_left_out, images_left_out: What is not used, by reason.

    Raises:
        UserError: If the datasets disagree in classes, or with their annotations on what these are called, name one
            image twice, or hold no images or no objects.
    """

    def __init__(
        self,
        cfg: Config,
        pipeline: Sequence[dict] | None = None,
        keep_ignored: bool = False,
        allow_missing_classes: bool = False,
    ) -> None:
        enter_scope(cfg)
        self.pipeline = list(pipeline) if pipeline is not None else derive_pipeline(cfg)
        self.objects_left_out, self.images_left_out = Account(), Account()
        self._keep_ignored, self._allow_missing_classes = keep_ignored, allow_missing_classes
        self._category_labels: dict[int, np.ndarray] = {}
        self._viewers: dict[int, ImageViewer] = {}
        self.leaves = [self._build(dict(leaf)) for leaf in leaf_configs(training_set(cfg))]
        self.classes = self._common_classes()
        self._starts = np.cumsum([0] + [len(leaf) for leaf in self.leaves])
        self.root = common_root(self.leaves)
        self.images = tuple(name for leaf in all_image_ids(self.leaves) for name in leaf)
        if not self.images:
            raise UserError(
                'The training dataset holds no images after its filters; check ann_file, data_root and '
                'metainfo.classes.'
            )
        self._read_objects()
        if not len(self.objects):
            raise UserError('The training dataset has no box of any of its classes; check its annotations.')

    def _build(self, leaf: dict) -> BaseDataset:
        leaf.update(pipeline=self.pipeline, lazy_init=True)
        leaf.pop('proposal_file', None)  # ground truth is read in place of Fast R-CNN's proposals
        try:
            dataset = DATASETS.build(leaf)
            with category_names(dataset) as categories:
                initialise(dataset, self.objects_left_out, self.images_left_out)
        except UserError:
            raise
        except ImportError as error:
            raise UserError(
                f'The training dataset {leaf.get("type")} needs what is not installed here '
                f'({first_cause(error)}); install it.'
            ) from error
        except Exception as error:  # annotations are the user's: anything may be wrong with them
            refuse_empty_leaves(leaf)
            raise UserError(
                f'The training dataset {leaf.get("type")} (ann_file {leaf.get("ann_file")}, data_root '
                f'{leaf.get("data_root")}) cannot be read: {type(error).__name__}: {error}. Check its '
                'paths, with --cfg-options if it moved.'
            ) from error
        if len(dataset) and 'instances' not in dataset.get_data_info(0):
            raise UserError(
                f'The training dataset {type(dataset).__name__} does not hold images with boxes, but '
                'videos or the like; give its frames as a dataset of images, in COCO format for example.'
            )
        self._viewers[id(dataset)] = watch_loader(dataset)
        check_classes(dataset, self._allow_missing_classes, categories)
        if categories:
            self._category_labels[id(dataset)] = labels_of_categories(dataset.metainfo['classes'], categories)
        return dataset

    def _common_classes(self) -> tuple[str, ...]:
        names = [tuple(leaf.metainfo.get('classes') or ()) for leaf in self.leaves]
        if not all(names):
            raise UserError(
                f'The training dataset {type(self.leaves[names.index(())]).__name__} names no classes '
                '(metainfo.classes), and a coreset is chosen class by class; give it their names.'
            )
        if any(name != names[0] for name in names):
            raise UserError(
                'The training datasets do not share one list of metainfo.classes; give all of them the same.'
            )
        return names[0]

    def _read_objects(self) -> None:
        tables = [self._objects_of(index) for index in range(len(self))]
        self._object_starts = np.cumsum([0] + [len(table) for table in tables])
        self.objects = np.concatenate(tables) if tables else np.zeros(0, OBJECT_DTYPE)

    def _objects_of(self, index: int) -> np.ndarray:
        leaf, position = self._locate(index)
        info = leaf.get_data_info(position)
        boxes, labels = boxes_and_labels(info)
        min_size = (leaf.filter_cfg or {}).get('bbox_min_size')
        reasons = reasons_left_out(info, len(self.classes), min_size, self._keep_ignored)
        for reason in filter(None, reasons):
            self.objects_left_out.add(reason, self.images[index])
        of_categories = self._category_labels.get(id(leaf))  # where the file lacks some class
        table = np.zeros(len(boxes), OBJECT_DTYPE)
        table['image'], table['label'] = index, labels if of_categories is None else of_categories[labels]
        table['box'], table['area'] = boxes, (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        table['ignored'] = [reason is not None for reason in reasons]
        return table[self._has_class(info)]

    def _has_class(self, info: Mapping[str, Any]) -> np.ndarray:
        """Return for each box of an image whether it is of a class; CrowdHumanDataset labels those to ignore -1."""
        _, labels = boxes_and_labels(info)
        return (labels >= 0) & (labels < len(self.classes))

    def _locate(self, index: int) -> tuple[BaseDataset, int]:
        leaf = int(np.searchsorted(self._starts, index, side='right')) - 1
        return self.leaves[leaf], index - int(self._starts[leaf])

    def objects_of(self, index: int) -> np.ndarray:
        """Return the rows of ``objects`` that belong to one image."""
        return self.objects[self._object_starts[index] : self._object_starts[index + 1]]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Sample:
        """Load one image; a failure is returned, not raised, and never replaced by another image."""
        leaf, position = self._locate(index)
        try:
            packed = leaf.prepare_data(position)
        except Exception as error:  # whatever a decoder or transform raises belongs to this one image
            show_traceback()
            return Sample(index, error=f'{type(error).__name__}: {error}'.splitlines()[0])
        if packed is None:
            return Sample(index, error='the pipeline returned nothing')
        if not isinstance(packed, Mapping) or not {'inputs', 'data_samples'} <= packed.keys():
            return Sample(index, error='the pipeline does not end with PackDetInputs')
        info, metainfo = leaf.get_data_info(position), packed['data_samples'].metainfo
        boxes = packed_boxes(info, packed['data_samples'])
        if boxes is None:
            return Sample(index, error='the pipeline does not keep the boxes, all and no others')
        boxes = boxes[self._has_class(info)]
        objects = self.objects_of(index)
        usable = ~objects['ignored']
        return Sample(
            index,
            packed['inputs'].numpy(),
            DetDataSample(metainfo=metainfo),
            boxes[usable],
            objects['label'][usable],
            self._viewers[id(leaf)].view,
        )

    def checked(self, samples: Iterable[Sample], strict: bool) -> Iterator[Sample]:
        """Pass samples on, logging why the first few of the unreadable ones are.

        Raises:
            UserError: If one is unreadable under ``strict``, or for want of a package, which all of them need; or if
                the first ``NUM_FAILURES`` all fail in one way.
        """
        unreadable = 0
        kinds = set()
        for number, sample in enumerate(samples, 1):
            if sample.error is not None:
                kinds.add(sample.error.partition(':')[0])
                if unreadable + 1 == number == NUM_FAILURES and len(kinds) == 1:
                    raise UserError(
                        f'The first {number} images cannot be read, all of them for one reason (the last: '
                        f'{sample.error}); {self.how_to_mend()}, then go on with --resume.'
                    )
                if sample.error.startswith(('ImportError', 'ModuleNotFoundError')):
                    raise UserError(
                        f'Images cannot be loaded without what is not installed here ({sample.error}); '
                        'install it, or give another way to load them with --pipeline.'
                    )
                unreadable += 1
                if strict:
                    raise UserError(
                        f'The image {self.images[sample.index]} cannot be read ({sample.error}); '
                        'mend or remove it, or run without --strict.'
                    )
                if unreadable <= NUM_EXAMPLES:
                    logger.warning('The image %s could not be read (%s).', self.images[sample.index], sample.error)
            yield sample

    def image_paths(self) -> Iterator[str]:
        """Yield where each image is, in dataset order."""
        yield from (leaf.get_data_info(position)['img_path'] for leaf in self.leaves for position in range(len(leaf)))

    def how_to_mend(self) -> str:
        """Return what to do if images cannot be read, by where the first of them is."""
        path = next(self.image_paths())
        if '://' in path:
            return 'see that this machine reaches where they are, or copy them to a folder'
        if Path(path).is_file():
            return 'convert them to JPEG or PNG, or give another loader with --pipeline'
        return 'correct data_root, or see to the mount'

    def labelled_sizes(self) -> np.ndarray:
        """Return (D, 2) int64, the width and height of each image in the annotations, 0 where they name none."""
        infos = (leaf.get_data_info(position) for leaf in self.leaves for position in range(len(leaf)))
        return np.array([(info.get('width') or 0, info.get('height') or 0) for info in infos], np.int64)

    def fingerprint(self) -> str:
        """Return a SHA-256 of the image ids, classes and annotations."""
        digest = hashlib.sha256('\n'.join((*self.classes, '', *self.images)).encode())
        digest.update(self.objects.tobytes())
        return digest.hexdigest()


def image_file_digests(dataset: ExtractionDataset) -> dict[str, str]:
    """Return SHA-256s that tell whether image files were replaced: of their sizes, and of when they were written."""
    sizes, times = hashlib.sha256(), hashlib.sha256()
    for path in dataset.image_paths():
        try:
            found = Path(path).stat()
            sizes.update(f'{found.st_size}\n'.encode())
            times.update(f'{found.st_mtime_ns}\n'.encode())
        except (OSError, ValueError):
            sizes.update(b'none\n')
    return {'sizes': sizes.hexdigest(), 'times': times.hexdigest()}
