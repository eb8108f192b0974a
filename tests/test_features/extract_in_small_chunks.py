"""Run as a program by the tests: Stage 1 in chunks of two images, so that a small set has many. With --launcher, all
processes but the first list the chunks to do late.

Usage: extract_in_small_chunks.py ROOT OUT [--launcher] [--limit BYTES]
"""

import argparse
import resource
import signal
import time

from mmcsod.features import chunks
from mmcsod.features.options import ExtractionOptions
from mmcsod.util.console import run
from mmcsod.util.distributed import joined
from mmcsod.util.launcher import rank
from tests.test_features.conftest import build, extract, small_config


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('root')
    parser.add_argument('out')
    parser.add_argument('--launcher', action='store_true')
    parser.add_argument('--limit', type=int)
    args = parser.parse_args()
    if args.launcher:
        list_missing = chunks.ChunkStore.missing

        def late_missing(self):
            time.sleep(2 * rank('pytorch'))
            return list_missing(self)

        chunks.ChunkStore.missing = late_missing
    if args.limit:  # a file that may not grow is what a full disk looks like from inside
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (args.limit, args.limit))
    chunks.CHUNK_SIZE = 2
    cfg = small_config(args.root)
    options = ExtractionOptions(num_workers=0, batch_size=2, keep_objects=True)
    with joined('pytorch' if args.launcher else 'none'):
        extract(build(cfg), cfg, args.out, options)


if __name__ == '__main__':
    run(main)
