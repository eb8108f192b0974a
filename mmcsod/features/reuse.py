"""What an earlier run left in the folder: reuse it, go on with it, replace it, or refuse to touch it."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset, image_file_digests
from mmcsod.features.identity import Identity
from mmcsod.features.options import ExtractionOptions
from mmcsod.records.bank import FeatureBank, is_bank_folder
from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')


def make_ready(
    store: ChunkStore, dataset: ExtractionDataset, identity: Identity, options: ExtractionOptions
) -> Mapping[str, Any] | None:
    """Make ``store`` ready for the extraction of ``identity``, if one is needed.

    Returns:
        What is to be extracted: ``identity``, or that of the unfinished extraction to go on with, which may keep object
        vectors or not as an earlier run chose; None if the folder holds a finished bank to reuse.

    Raises:
        UserError: If the folder holds something else or unfinished and ``options`` do not say what to do with it; or,
            under ``strict``, if an image that a finished bank lacks is still unreadable.
    """
    store.restore()
    bank = _reusable(store, dataset, identity, options) if store.directory.exists() else None
    if bank is not None:
        logger.info('%s is a finished bank of this detector and dataset: reused.', store.directory)
        if bank.pixels is None:
            logger.warning(
                '%s is of version 0.1 and lacks the sizes and pixels of decoded images, by which near-duplicates are '
                'confirmed and boxes are drawn; extract again with --overwrite to have them.',
                store.directory,
            )
        warn_of_changed_files(store.directory, dataset)
        store.discard()
        return None
    begun = _begun(store, options)
    if begun is not None:
        same = _is_same(store.partial, begun, identity, options)
        if same and not (options.resume or options.overwrite):
            raise UserError(
                f'{store.partial} is an unfinished extraction ({store.num_chunks - len(store.missing())} '
                f'of {store.num_chunks} chunks done); go on with --resume, or start anew with '
                '--overwrite.'
            )
        if same and options.resume:
            store.drop_incomplete()
            return begun
        store.discard()
    store.begin(identity.parts)
    return identity.parts


def _reusable(
    store: ChunkStore, dataset: ExtractionDataset, identity: Identity, options: ExtractionOptions
) -> FeatureBank | None:
    bank = _load(store.directory, options)
    if bank is None or not _is_same(store.directory, bank.provenance.get('identity', {}), identity, options):
        return None
    # An extraction that was forced and then killed is gone on with, not given up for the bank it was to replace.
    begun = _begun(store, options)
    is_begun = begun is not None and not identity.differences(begun, options)
    forced = is_begun if options.resume else options.overwrite
    if not (forced or _lacks_readable_images(bank, dataset, options.strict)):
        return bank
    logger.info('%s will be replaced.', store.directory)
    return None


def warn_of_changed_files(directory: Path, dataset: ExtractionDataset) -> None:
    """Say so where image files were replaced or removed since a bank was made of them; nobody read their pixels."""
    before = FeatureBank.load(directory).provenance.get('image_files')
    if before is None:  # of an older version
        return
    now = image_file_digests(dataset)
    if before.get('sizes') != now['sizes']:
        logger.warning(
            'Image files have other sizes than when %s was made, or are gone; if their pixels changed, '
            'extract again with --overwrite.',
            directory,
        )
    elif before.get('times') != now['times']:
        logger.info(
            'Image files were written since %s was made, with sizes as before; if their pixels changed, '
            'extract again with --overwrite.',
            directory,
        )


def _load(directory: Path, options: ExtractionOptions) -> FeatureBank | None:
    """Return the bank there is, or None if it is damaged and may be replaced."""
    try:
        return FeatureBank.load(directory)
    except UserError as error:
        if not (options.overwrite and is_bank_folder(directory)):
            raise
        logger.info('%s It will be replaced.', error)
        return None


def _begun(store: ChunkStore, options: ExtractionOptions) -> Mapping[str, Any] | None:
    """Return what the unfinished extraction is of; one that cannot be read is discarded where it may be replaced."""
    try:
        return store.identity()
    except UserError as error:
        if not options.overwrite:
            raise UserError(
                f'{store.partial} is an unfinished extraction that does not say of what ({error}); start '
                'anew with --overwrite.'
            ) from error
        store.discard()
        return None


def _is_same(path: Path, found: Mapping[str, Any], wanted: Identity, options: ExtractionOptions) -> bool:
    """Return whether two identities agree; without ``overwrite`` it is an error if they do not."""
    differing = wanted.differences(found, options)
    if not differing:
        return True
    what = ' and another '.join(differing)
    if not options.overwrite:
        raise UserError(
            f'{path} was made with another {what}; name another --work-dir, or replace it with --overwrite.'
        )
    logger.info('%s was made with another %s and will be replaced.', path, what)
    return False


def _lacks_readable_images(bank: FeatureBank, dataset: ExtractionDataset, strict: bool) -> bool:
    """Return whether any image that could not be read for a bank can be read now."""
    unreadable = set(bank.provenance.get('unreadable_images', ()))
    again = (dataset[index] for index, name in enumerate(dataset.images) if name in unreadable)
    return any(sample.error is None for sample in dataset.checked(again, strict))
