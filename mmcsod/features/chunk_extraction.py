"""Extract one process's share of the chunks: load, batch by padded shape, read, write."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import torch

from mmcsod.features.averaging import ImageFeatures, chunk_arrays
from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset, Sample
from mmcsod.features.loading import load_samples
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.reader import FeatureReader
from mmcsod.util.distributed import World
from mmcsod.util.errors import UserError
from mmcsod.util.progress import progress


def extract_chunks(
    store: ChunkStore, dataset: ExtractionDataset, reader: FeatureReader, options: ExtractionOptions, world: World
) -> None:
    """Extract this process's share of the chunks that are missing."""
    # One list for all: a process that looks later finds chunks that another has written by then.
    todo = world.on_first(store.missing)[world.rank :: world.size]
    indices = [index for chunk in todo for index in store.indices(chunk)]
    loaded = load_samples(dataset, indices, options.num_workers, ahead=2 * options.batch_size)
    total = len(dataset) if world.size == 1 else len(indices)
    with (
        reader.ready(),
        progress('extract', total, total - len(indices), shown=world.rank == 0) as update,
    ):
        samples = dataset.checked(loaded, options.strict)
        for chunk in todo:
            own = store.indices(chunk)
            results = _read(itertools.islice(samples, len(own)), reader, options.batch_size, update)
            update(len(own) - len(results))  # the unreadable ones
            store.write(chunk, chunk_arrays(own, results, dataset, bool(options.keep_objects), reader.scores_labels))


def _read(
    samples: Iterable[Sample], reader: FeatureReader, batch_size: int, update: Callable[[int], None]
) -> dict[int, ImageFeatures]:
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
        update(len(batch))
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
