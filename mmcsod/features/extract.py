"""Stage 1 of Algorithm 1: from a trained detector and a labelled training set to a feature bank."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import nn

from mmcsod.datasets.ids import nested_configs
from mmcsod.features.chunk_extraction import extract_chunks
from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.detector import build_tap
from mmcsod.features.identity import identify
from mmcsod.features.label_scores import label_scorer
from mmcsod.features.options import ExtractionOptions, default_work_dir
from mmcsod.features.predicted_boxes import prediction_scores, with_ground_truth
from mmcsod.features.publish import publish
from mmcsod.features.reader import FeatureReader
from mmcsod.features.recordings import recordings_of
from mmcsod.features.reuse import make_ready
from mmcsod.features.taps import Tap
from mmcsod.labels.config import config_of
from mmcsod.records.bank import FeatureBank
from mmcsod.records.bank_files import put_recordings
from mmcsod.util.config import load_config, training_set, type_name
from mmcsod.util.distributed import PATIENCE, current_world, joined
from mmcsod.util.errors import UserError, check_options
from mmcsod.util.locks import locked

logger = logging.getLogger('mmcsod')

NO_LABEL_SCORES = 'not stored (they need ground truth and a box head trained on these classes)'


def extract_bank(
    config: str | Path,
    checkpoint: str | Path | None = None,
    work_dir: str | Path | None = None,
    *,
    device: str | None = None,
    launcher: str = 'none',
    cfg_options: Mapping[str, Any] | None = None,
    backbone: str | None = None,
    images: str | Path | None = None,
    val: str | Path | None = None,
    test: str | Path | None = None,
    **options: Any,
) -> FeatureBank:
    """Read the training set of a config with a detector, and save its imagewise-classwise vectors (Eq. 2 and 3).

    Args:
        config: Path of the detector's config, a stock name as ``mmdet::FOLDER/NAME.py``, or labels. For labels a config
            is written into ``work_dir``: see :func:`mmcsod.labels.config.write_config`.
        checkpoint: Its weights, trained on these classes or others; None takes the backbone alone, with the weights
            that its ``init_cfg`` names.
        work_dir: Where the folder ``features`` of the bank goes; ``work_dirs/CONFIG_NAME`` by default. A finished bank
            of the same detector and data there is reused.
        device: For example 'cuda:1'; by default the first CUDA device, or the CPU.
        launcher: How several processes were started: none, pytorch, slurm or mpi.
        cfg_options: Settings that replace the config's, by dotted name.
        backbone: A model of timm or torchvision, as ``timm:resnet18``, to read in place of the config's detector;
            ``checkpoint`` is then its weights, None its own package's.
        images: With labels, the folder of their images.
        val: With labels, those of the validation set.
        test: With labels, those of the test set.
        **options: Fields of :class:`mmcsod.features.options.ExtractionOptions`, such as ``tap`` and ``batch_size``.

    Returns:
        The bank, memory-mapped.

    Raises:
        UserError: If an option, the config, the checkpoint or the data is unfit, or the folder holds something else.
    """
    check_options(options, [field.name for field in fields(ExtractionOptions)], 'extract_bank')
    checked = ExtractionOptions(**options)
    config = config_of(config, work_dir, images, val, test, checked.overwrite)
    cfg = load_config(str(config), cfg_options)
    with joined(launcher):
        tap = build_tap(cfg, checkpoint, device, checked.tap, backbone)
        return extract_features(tap, cfg, Path(work_dir or default_work_dir(config)) / 'features', checked)


def extract_features(tap: Tap, cfg: Config, directory: str | Path, options: ExtractionOptions) -> FeatureBank:
    """Extract imagewise-classwise vectors (Eq. 2 and 3) of the training set with a tap and save them as a bank.

    A finished bank of the same detector, weights, tap, pipeline and dataset is reused, unless an image that could
    not be read for it can be read now. In a distributed run every process takes its share of the chunks, and all of
    them return the bank. Images come from the config's ``train_dataloader``, the geometry from ``test_dataloader``.
    """
    directory = Path(directory)
    world = current_world(PATIENCE)
    dataset = ExtractionDataset(
        with_ground_truth(cfg, options, directory, world),
        options.pipeline,
        options.keep_ignored,
        options.allow_missing_classes,
    )
    # Predicted boxes already are a detector's.
    scorer = label_scorer(tap.detector, dataset.classes) if options.predictions is None else None
    reader = FeatureReader(tap, options.amp, options.channels_last, scorer)
    scores = None if options.predictions is None else prediction_scores(dataset)
    recordings = () if options.group is None else recordings_of(dataset, options.group)
    identity = identify(cfg, reader, dataset, options, scores)
    store = ChunkStore(directory, len(dataset))
    with contextlib.ExitStack() as stack:
        world.on_first(lambda: stack.enter_context(_sole_use(directory)))
        begun = world.on_first(lambda: make_ready(store, dataset, identity, options))
        if begun is not None:
            keep_objects = begun['keep_objects']
            if world.rank == 0:
                _announce(cfg, dataset, reader, keep_objects)
            extract_chunks(store, dataset, reader, replace(options, keep_objects=keep_objects), world)
            world.wait()
            world.on_first(lambda: publish(store, dataset, begun, cfg, options.predictions, scores))
        if options.group is not None:
            world.on_first(partial(put_recordings, directory, recordings, options.group))
    return FeatureBank.load(directory)


@contextlib.contextmanager
def _sole_use(directory: Path) -> Iterator[None]:
    """Refuse a second run on the same folder."""
    with locked(directory.with_name(f'.{directory.name}.lock')) as is_ours:
        if not is_ours:
            raise UserError(f'Another process is extracting into {directory}; wait for it, or name another --work-dir.')
        yield


def _announce(cfg: Config, dataset: ExtractionDataset, reader: FeatureReader, keep_objects: bool) -> None:
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
