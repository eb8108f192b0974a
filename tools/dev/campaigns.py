"""Run the campaigns of tests/campaigns/README.md in full and print their figures.

Run from the checkout: ``python tools/dev/campaigns.py [--at-most N] [KIND ...]``. Kinds: kills, kills of exports and of
extractions, damage, fuzz (made-up input) and names (hostile ones); all by default. N is how often each part is tried:
kills, evenly spread, of each command; flipped bits of each file; inputs of each reader. By default every operation is
killed, and the others are tried 1,000 times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

OFTEN = 1000


def main() -> int:
    """Run them; return 1 if something did not hold."""
    kinds = {
        'names': names,
        'damage': damage,
        'fuzz': fuzz,
        'kills': kills,
        'exports': exports,
        'extractions': extractions,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--at-most', type=int, metavar='N')
    parser.add_argument('kinds', nargs='*', choices=[*kinds, []])
    args = parser.parse_args()
    bad = 0
    print('| campaign | tried | did not hold | seconds |\n|---|---|---|---|')
    for kind in args.kinds or kinds:
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            for outcome in kinds[kind](Path(folder), args.at_most):
                seconds = time.monotonic() - start
                print(f'| {outcome.name} | {outcome.tried} | {len(outcome.failures)} | {seconds:.0f} |', flush=True)
                print('\n'.join(outcome.failures[:10]), file=sys.stderr, flush=True)
                bad += len(outcome.failures)
                start = time.monotonic()
    return int(bad > 0)


def names(folder: Path, at_most: int | None) -> Iterator:
    """Hostile names."""
    from tests.campaigns.names import try_names

    yield from try_names(folder)


def damage(folder: Path, at_most: int | None) -> Iterator:
    """Truncated files and flipped bits."""
    from tests.campaigns.damage import damage_everything

    yield from damage_everything(folder, at_most or OFTEN)


def fuzz(folder: Path, at_most: int | None) -> Iterator:
    """Made-up input for the readers."""
    from tests.campaigns.fuzz import fuzz_readers

    yield from fuzz_readers(folder, at_most or OFTEN)


def kills(folder: Path, at_most: int | None) -> Iterator:
    """A kill before each operation on files of each command that writes; exports and extractions have their own."""
    from tests.campaigns.crash import kill_everywhere
    from tests.campaigns.jobs import quick_jobs
    from tests.test_datasets import conftest as data
    from tests.test_training.conftest import PIPELINE, TINY

    pool = write_pool(folder, data)
    config = folder / 'tiny.py'
    config.write_text(
        TINY.replace('{root}', str(pool))
        .replace('{test_leaf}', repr(data.coco_leaf(pool, pipeline=PIPELINE, test_mode=True)))
        .replace('{leaf}', repr(data.coco_leaf(pool, pipeline=PIPELINE)))
    )
    coreset = folder / 'coreset.json'
    data.make_coreset(data.COCO_PICKS).save(coreset)
    for job in quick_jobs(config, coreset):
        yield kill_everywhere(job, folder / 'work', at_most)


def exports(folder: Path, at_most: int | None) -> Iterator:
    """The same of exports."""
    from mmcsod import register_all_modules
    from tests.campaigns.crash import kill_everywhere
    from tests.campaigns.jobs import exports
    from tests.test_datasets import conftest as data

    register_all_modules()
    for job in exports(write_pool(folder, data)):
        yield kill_everywhere(job, folder / 'work', at_most)


def extractions(folder: Path, at_most: int | None) -> Iterator:
    """The same of extractions, and of replacing what an extraction finds."""
    import torch

    from mmcsod import register_all_modules
    from tests.campaigns.crash import kill_everywhere
    from tests.campaigns.jobs import extractions
    from tests.test_features.conftest import write_coco

    torch.set_num_threads(1)  # threads do not survive a fork
    register_all_modules()
    write_coco(folder / 'coco', 12)
    for job in extractions(folder / 'coco'):
        yield kill_everywhere(job, folder / 'work', at_most)


def write_pool(folder: Path, data: object) -> Path:
    """Write the pool of 20 images that the tests of datasets use."""

    class Factory:
        def mktemp(self, name: str) -> Path:
            return folder / name

    return data.coco_root.__wrapped__(Factory())  # type: ignore[attr-defined]


if __name__ == '__main__':
    sys.exit(main())
