"""Join the chunks of a finished extraction into a bank, with what it was made from."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmcsod.datasets.audit import NUM_EXAMPLES
from mmcsod.datasets.images import size_warnings
from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset, image_file_digests
from mmcsod.records.validation import ValidationView
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_text
from mmcsod.util.images import kind_of_file
from mmcsod.util.provenance import json_values, versions
from mmcsod.util.text import first_few

logger = logging.getLogger('mmcsod')


def publish(
    store: ChunkStore,
    dataset: ExtractionDataset,
    identity: Mapping[str, Any],
    cfg: Config,
    predictions: str | None = None,
    scores: np.ndarray | None = None,
) -> None:
    """Put a bank in the place of the chunks of an extraction, and warn of images that it lacks.

    If predictions stand for labels, ``predictions`` is their file, and ``scores`` are (P,) of ``SCORE_DTYPE``.
    """
    unreadable = np.concatenate(list(store.arrays('unreadable')))
    if len(unreadable) == len(dataset):
        store.discard()
        raise UserError(
            f'Not one of the {len(dataset)} images of the training set could be read, so there is no bank; the log '
            f'says why: {dataset.how_to_mend()}.'
        )
    not_finite = np.concatenate(list(store.arrays('not_finite')))
    if len(not_finite) == len(dataset) - len(unreadable):
        store.discard()
        raise UserError(
            'The detector gives vectors of NaN or infinity for every image, so there is no bank; its '
            'training diverged, most likely: take an earlier checkpoint, or one without --amp.'
        )
    objects = dataset.objects.copy()
    objects['ignored'] |= np.isin(objects['image'], unreadable)
    names = [dataset.images[index] for index in unreadable]
    not_finite_names = [dataset.images[index] for index in not_finite]
    provenance = {
        'config': str(Path(cfg.filename).resolve()) if cfg.filename else None,
        'data_root': dataset.root,
        'predictions': predictions,
        'identity': identity,
        'image_files': image_file_digests(dataset),
        'unreadable_images': names,
        'images_not_finite': not_finite_names,
        'images_left_out': dict(dataset.images_left_out.counts),
        'objects_left_out': dict(dataset.objects_left_out.counts),
        'pipeline': dataset.pipeline,
        'versions': versions(),
    }
    warnings = list(_warnings(store, dataset, unreadable, not_finite_names))
    store.publish(
        images=dataset.images,
        classes=dataset.classes,
        objects=objects,
        prediction_scores=scores,
        provenance=json_values(provenance),
    )
    ValidationView.remove(store.directory)  # of another bank
    for sentence in warnings:
        logger.warning('%s', sentence)


def _warnings(
    store: ChunkStore, dataset: ExtractionDataset, unreadable: np.ndarray, not_finite: Sequence[str]
) -> Iterator[str]:
    paths = list(dataset.image_paths())
    file = store.directory.with_name(f'{store.directory.name}.unreadable.txt')
    yield from list_unreadable(file, [dataset.images[i] for i in unreadable], [paths[i] for i in unreadable])
    sizes = np.concatenate(list(store.arrays('sizes')))
    yield from size_warnings(dataset.images, dataset.labelled_sizes(), sizes)
    yield from outside_warning(dataset.images, dataset.objects, sizes)
    if constant := [dataset.images[i] for i in np.concatenate(list(store.arrays('constant')))]:
        yield (
            f'{len(constant)} images are of one colour once decoded ({first_few(constant, NUM_EXAMPLES)}): empty, or '
            'of a depth that the loader does not keep, such as 12 bits read as 8.'
        )
    if not_finite:
        yield (
            f'{len(not_finite)} images have vectors of NaN or infinity, so that selection refuses them '
            f'({first_few(not_finite, NUM_EXAMPLES)}): exclude them, or extract with another checkpoint or precision.'
        )


def list_unreadable(file: Path, images: Sequence[str], paths: Sequence[str]) -> Iterator[str]:
    """List unreadable images in a file, each with what it is, and yield a sentence; remove an older list."""
    file.unlink(missing_ok=True)
    if not images:
        return
    kinds = [kind_of_file(path) for path in paths]
    write_text(file, ''.join(f'{image}\t{kind}\n' for image, kind in zip(images, kinds, strict=True)))
    examples = [f'{image}: {kind}' for image, kind in zip(images[:NUM_EXAMPLES], kinds, strict=False)]
    yield f'{len(images)} images could not be read and are not in the bank, listed in {file}: {"; ".join(examples)}.'


def outside_warning(images: Sequence[str], objects: np.ndarray, decoded: np.ndarray) -> Iterator[str]:
    """Yield a sentence if boxes lie outside their decoded image, where the labelled size had room for them."""
    sizes = decoded[objects['image']]
    outside = ~objects['ignored'] & (sizes.min(axis=1) > 0) & (objects['box'][:, :2] >= sizes).any(axis=1)
    if outside.any():
        names = [images[index] for index in np.unique(objects['image'][outside])]
        yield (
            f'{int(outside.sum())} objects lie outside the decoded image, so their vectors show its edge '
            f'({first_few(names, NUM_EXAMPLES)}); correct their boxes or exclude these images.'
        )
