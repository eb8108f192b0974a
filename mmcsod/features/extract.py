"""Stage 1 of Algorithm 1: from a trained detector and a labelled training set to a feature bank."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_dist_info
from torch import nn
from tqdm import tqdm

from mmcsod.datasets.audit import NUM_EXAMPLES
from mmcsod.features.averaging import ImageFeatures, chunk_arrays
from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset, Sample, image_file_digests
from mmcsod.features.distributed import on_first_process, wait_for_all
from mmcsod.features.identity import identify
from mmcsod.features.inner import inner_detector
from mmcsod.features.judge import judge_of
from mmcsod.features.loading import load_samples
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.predicted_boxes import with_predictions
from mmcsod.features.reader import FeatureReader
from mmcsod.features.remarks import remarks
from mmcsod.features.reuse import make_ready
from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError
from mmcsod.util.locks import locked
from mmcsod.util.provenance import json_values, versions
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')

NO_JUDGE = 'not kept (that takes ground truth and one box head, trained on these classes)'


def extract_features(
    detector: nn.Module, cfg: Config, directory: str | Path, options: ExtractionOptions | None = None
) -> FeatureBank:
    """Extract imagewise-classwise vectors (Eq. 2 and 3) of the training set and save them as a bank.

    A finished bank of the same detector, weights, tap, pipeline and dataset is reused, unless an image that could
    not be read for it can be read now. In a distributed run every process takes its share of the chunks, and all of
    them return the bank.

    Args:
        detector: A trained detector, or a model that wraps one, on the device to use; its weights and mode are left as
            they are.
        cfg: Its config; images come from ``train_dataloader``, the geometry from ``test_dataloader``.
        directory: The folder to write, such as ``WORK_DIR/features``.
        options: How to run.

    Raises:
        UserError: If the folder holds something else or is in use, if the input is unusable, or if no image can be
            read.
    """
    options = options or ExtractionOptions()
    directory = Path(directory)
    detector = inner_detector(detector)
    pool = ExtractionDataset(
        with_predictions(cfg, options, directory), options.pipeline, options.keep_ignored, options.allow_missing_classes
    )
    # Predicted boxes are what a detector said already.
    judge = judge_of(detector, pool.classes) if options.predictions is None else None
    reader = FeatureReader(detector, options.tap, options.amp, options.channels_last, judge)
    identity = identify(detector, cfg, reader, pool, options)
    store = ChunkStore(directory, len(pool))
    with contextlib.ExitStack() as stack:
        on_first_process(lambda: stack.enter_context(_sole_use(directory)))
        begun = on_first_process(lambda: make_ready(store, pool, identity, options))
        if begun is not None:
            keep_objects = begun['keep_objects']
            _announce(pool, reader, keep_objects, remarks(cfg, detector, len(pool.classes)))
            extract_chunks(store, pool, reader, replace(options, keep_objects=keep_objects))
            wait_for_all()
            on_first_process(lambda: _publish(store, pool, begun, cfg))
    return FeatureBank.load(directory)


@contextlib.contextmanager
def _sole_use(directory: Path) -> Iterator[None]:
    """Refuse a second run on the same folder."""
    with locked(directory.with_name(f'.{directory.name}.lock')) as is_ours:
        if not is_ours:
            raise UserError(f'Another process is extracting into {directory}; wait for it, or name another --work-dir.')
        yield


def _announce(pool: ExtractionDataset, reader: FeatureReader, keep_objects: bool, more: Iterable[str]) -> None:
    if get_dist_info()[0] != 0:
        return
    steps = ' -> '.join(_call(step) for step in pool.pipeline)
    logger.info('Images: %d, objects: %d, classes: %d', len(pool), len(pool.objects), len(pool.classes))
    for line in (*pool.images_left_out.lines('images'), *pool.objects_left_out.lines('objects')):
        logger.info(line)
    logger.info('Pipeline: %s', steps)
    logger.info("Tap '%s': %s", reader.tap.name, reader.tap.description)
    logger.info('Vectors of single objects: %s', 'kept' if keep_objects else 'not kept (--keep-objects keeps them)')
    logger.info('What the detector says of each box: %s', 'kept' if reader.is_judging else NO_JUDGE)
    for line in more:
        logger.info(line)


def _call(step: Mapping[str, Any]) -> str:
    """Return a transform's config as the call that it stands for."""
    arguments = ', '.join(f'{key}={value!r}' for key, value in step.items() if key != 'type' and value is not None)
    return f'{step["type"]}({arguments})'


def extract_chunks(
    store: ChunkStore, pool: ExtractionDataset, reader: FeatureReader, options: ExtractionOptions
) -> None:
    """Extract this process's share of the chunks that are missing.

    Raises:
        UserError: If an image is unreadable under ``strict``, a batch does not fit into the GPU's memory, or the disk
            refuses a chunk.
    """
    rank, world = get_dist_info()
    # One list for all: a process that looks later finds chunks that another has written by then.
    todo = on_first_process(store.missing)[rank::world]
    indices = [index for chunk in todo for index in store.indices(chunk)]
    loaded = load_samples(pool, indices, options.num_workers, ahead=2 * options.batch_size)
    total = len(pool) if world == 1 else len(indices)
    with (
        reader.ready(),
        tqdm(total=total, initial=total - len(indices), desc='extract', unit='img', disable=rank != 0) as bar,
    ):
        samples = pool.checked(loaded, options.strict)
        for chunk in todo:
            own = store.indices(chunk)
            results = _read(itertools.islice(samples, len(own)), reader, options.batch_size, bar)
            bar.update(len(own) - len(results))  # the unreadable ones
            store.write(chunk, chunk_arrays(own, results, pool, bool(options.keep_objects), reader.is_judging))


def _read(samples: Iterable[Sample], reader: FeatureReader, batch_size: int, bar: tqdm) -> dict[int, ImageFeatures]:
    """Return the features of each readable image of a chunk, by dataset index."""
    results: dict[int, ImageFeatures] = {}
    for batch in batches(samples, reader, batch_size):
        try:
            features = reader(batch)
        except torch.cuda.OutOfMemoryError as error:
            raise UserError(
                f'{batch_size} images at once do not fit into the memory of the GPU; what is done is kept: '
                'go on with --resume and a smaller --batch-size.'
            ) from error
        results.update((sample.index, own) for sample, own in zip(batch, features, strict=True))
        bar.update(len(batch))
    return results


def batches(samples: Iterable[Sample], reader: FeatureReader, batch_size: int) -> Iterator[list[Sample]]:
    """Group readable samples by padded shape as they come; only unfinished groups are held."""
    groups: dict[tuple[int, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.error is None:
            shape = reader.padded_shape(sample)
            groups[shape].append(sample)
            if len(groups[shape]) == batch_size:
                yield groups.pop(shape)
    yield from groups.values()


def _publish(store: ChunkStore, pool: ExtractionDataset, identity: Mapping[str, Any], cfg: Config) -> None:
    unreadable = np.concatenate(list(store.arrays('unreadable')))
    if len(unreadable) == len(pool):
        store.discard()
        raise UserError(
            f'Not one of the {len(pool)} images of the training set could be read, so there is no bank; '
            'mend what is logged above, most likely data_root, the pipeline or a mount.'
        )
    not_finite = np.concatenate(list(store.arrays('not_finite')))
    if len(not_finite) == len(pool) - len(unreadable):
        store.discard()
        raise UserError(
            'The detector gives vectors of NaN or infinity for every image, so there is no bank; its '
            'training diverged, most likely: take an earlier checkpoint, or one without --amp.'
        )
    objects = pool.objects.copy()
    objects['ignored'] |= np.isin(objects['image'], unreadable)
    names = [pool.images[index] for index in unreadable]
    not_finite_names = [pool.images[index] for index in not_finite]
    provenance = {
        'config': str(Path(cfg.filename).resolve()) if cfg.filename else None,
        'data_root': pool.root,
        'identity': identity,
        'image_files': image_file_digests(pool),
        'unreadable_images': names,
        'images_not_finite': not_finite_names,
        'images_left_out': dict(pool.images_left_out.counts),
        'objects_left_out': dict(pool.objects_left_out.counts),
        'pipeline': pool.pipeline,
        'versions': versions(),
    }
    store.publish(images=pool.images, classes=pool.classes, objects=objects, provenance=json_values(provenance))
    _warn('could not be read and are not in the bank', names)
    _warn(
        'have vectors of NaN or infinity, so that selection refuses them: exclude them, or extract with another '
        'checkpoint or precision',
        not_finite_names,
    )


def _warn(what: str, images: Sequence[str]) -> None:
    if images:
        logger.warning('%d images %s: %s.', len(images), what, first_few(images, NUM_EXAMPLES))
