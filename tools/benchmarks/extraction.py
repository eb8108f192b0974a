"""Stage 1 beside what bounds it: the loader, the bare backbone and neck, and MMDetection's own test loop.

Every figure is measured in one process on the same images, the variants taking turns; the best round counts.

Example:
  python tools/benchmarks/extraction.py configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py --num-images 64
"""

from __future__ import annotations

import argparse
import itertools
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import register_all_modules
from mmengine.config import Config
from tabulate import tabulate
from torch.utils.data import DataLoader

from mmcsod.datasets.ids import leaf_configs
from mmcsod.features.chunk_extraction import batches, extract_chunks
from mmcsod.features.chunks import ChunkStore
from mmcsod.features.dataset import ExtractionDataset, Sample
from mmcsod.features.options import ExtractionOptions
from mmcsod.features.reader import FeatureReader
from mmcsod.features.taps import attach_tap
from mmcsod.util.config import load_config, parse_cfg_options, training_set
from mmcsod.util.console import run
from mmcsod.util.distributed import ALONE


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='two-stage config whose training images are on this machine')
    parser.add_argument('--num-images', type=int, default=32)
    parser.add_argument('--batch-size', type=int, default=8)
    parser.add_argument('--num-workers', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--test-loop-images', type=int, help='images for the test loop (default: all; it is slow)')
    parser.add_argument('--amp', choices=('fp16', 'bf16'))
    parser.add_argument('--channels-last', action='store_true')
    parser.add_argument('--tap', default='auto')
    parser.add_argument('--memory-only', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    return parser.parse_args()


class Bench:
    """One detector, one set of images, and the ways to go over them."""

    def __init__(self, args: argparse.Namespace) -> None:
        register_all_modules(init_default_scope=True)
        cfg = limited(load_config(args.config, parse_cfg_options(args.cfg_options)), args.num_images)
        self.device = 'cuda' if torch.cuda.is_available() else 'cpu'
        torch.manual_seed(0)
        self.detector: Any = MODELS.build(cfg.model).to(self.device).eval()
        self.pool = ExtractionDataset(cfg)
        self.options = ExtractionOptions(
            tap=args.tap,
            batch_size=args.batch_size,
            num_workers=args.num_workers,
            amp=args.amp,
            channels_last=args.channels_last,
        )
        self.reader = FeatureReader(attach_tap(self.detector, args.tap), args.amp, args.channels_last)
        self.test_images = args.test_loop_images or len(self.pool)
        self.proposals: list[int] = []

    def samples(self) -> Iterator[Sample]:
        """Load all images in dataset order."""
        return iter(DataLoader(self.pool, batch_size=None, num_workers=self.options.num_workers))

    def loader(self) -> int:
        """Only load."""
        return sum(1 for _ in self.samples())

    def features(self) -> int:
        """Load, then backbone and neck; for C4 detectors also res5 on the same boxes, which is half of the model."""
        head, count = self.detector.roi_head, 0
        with self.reader.ready(), self.reader.autocast():
            for batch in batches(self.samples(), self.reader, self.options.batch_size):
                data = {
                    'inputs': [torch.from_numpy(s.inputs) for s in batch],
                    'data_samples': [s.data_sample for s in batch],
                }
                maps = self.detector.extract_feat(self.detector.data_preprocessor(data)['inputs'])
                if head.with_shared_head:
                    rois = bbox2roi([torch.from_numpy(s.boxes) for s in batch]).to(self.device)
                    head.shared_head(head.bbox_roi_extractor([level.float() for level in maps], rois))
                count += len(batch)
        return count

    def extraction(self) -> int:
        """Stage 1 with its chunk files."""
        with tempfile.TemporaryDirectory() as folder:
            store = ChunkStore(Path(folder) / 'features', len(self.pool))
            store.begin({})
            extract_chunks(store, self.pool, self.reader, self.options, ALONE)
        return len(self.pool)

    def test_loop(self) -> int:
        """Test as MMDetection does, one image at a time, without the evaluator."""
        head, predict = self.detector.roi_head, self.detector.roi_head.predict

        def counting_predict(maps: Any, proposals: Any, *args: Any, **kwargs: Any) -> Any:
            self.proposals += [len(own) for own in proposals]
            return predict(maps, proposals, *args, **kwargs)

        head.predict = counting_predict
        with torch.no_grad():
            for sample in itertools.islice(self.samples(), self.test_images):
                self.detector.test_step(
                    {'inputs': [torch.from_numpy(sample.inputs)], 'data_samples': [sample.data_sample]}
                )
        del head.predict
        return self.test_images


def limited(cfg: Config, num_images: int) -> Config:
    """Return the config with only its first images, where it has more."""
    for leaf in leaf_configs(training_set(cfg)):
        leaf['indices'] = num_images
    return cfg


def measure(bench: Bench, rounds: int) -> dict[str, float]:
    """Return the best images/s of each variant, the variants taking turns."""
    variants: dict[str, Callable[[], int]] = {
        'loader alone': bench.loader,
        'backbone + neck': bench.features,
        'extraction': bench.extraction,
        'mmdet test loop': bench.test_loop,
    }
    best = dict.fromkeys(variants, 0.0)
    for number in range(rounds):
        for name, variant in variants.items():
            start = time.perf_counter()
            rate = variant() / (time.perf_counter() - start)
            print(f'round {number + 1}: {name} {rate:.2f} img/s', flush=True)
            best[name] = max(best[name], rate)
    return best


def report(bench: Bench, best: dict[str, float]) -> None:
    """Print the table, the ratios and what is the bound."""
    reference = 'backbone + neck + res5' if bench.detector.roi_head.with_shared_head else 'backbone + neck'
    rows = [
        (reference if name == 'backbone + neck' else name, rate, rate / best['backbone + neck'])
        for name, rate in best.items()
    ]
    print(tabulate(rows, ('', 'img/s', f'of {reference}'), floatfmt='.2f'))
    print(
        f'extraction is {best["extraction"] / best["backbone + neck"]:.2f} of {reference} '
        f'and {best["extraction"] / best["mmdet test loop"]:.2f} x the test loop '
        f'({statistics.mean(bench.proposals):.0f} proposals an image)'
    )
    print('the bound is the', 'loader' if best['loader alone'] < 1.2 * best['backbone + neck'] else 'model')
    if bench.device == 'cuda':
        print(f'peak GPU memory {torch.cuda.max_memory_allocated() / 2**30:.2f} GiB')


def report_memory(args: argparse.Namespace) -> None:
    """Print the peak memory of an extraction of all images and of a quarter of them, each in its own process."""
    for count in (args.num_images // 4, args.num_images):
        command = [sys.executable, *sys.argv, '--memory-only', '--num-images', str(count)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        print(f'{count} images: {printed.split()[-1]} MiB peak resident')


def main() -> None:
    """Run the benchmark."""
    args = parse_args()
    bench = Bench(args)
    if args.memory_only:
        bench.extraction()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
        return
    print(
        f'{Path(args.config).stem}: {len(bench.pool)} images, {len(bench.pool.objects)} objects, batch '
        f'{args.batch_size}, {args.amp or "fp32"}{", channels last" if args.channels_last else ""}, tap '
        f'{bench.reader.tap.name}, {bench.device}, {torch.get_num_threads()} threads'
    )
    report(bench, measure(bench, args.rounds))
    report_memory(args)


if __name__ == '__main__':
    run(main)
