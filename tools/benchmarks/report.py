"""Measure a report of many picks: seconds to make, megabytes, seconds until a browser can be used."""

from __future__ import annotations

import argparse
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
from banks import fill_class
from PIL import Image
from tabulate import tabulate

from mmcsod import FeatureBank, select_coreset
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE
from mmcsod.report.page import write_report

EXAMPLES = """example:
  python tools/benchmarks/report.py data/voc2012_annotations.tar.gz --browser /usr/bin/chromium"""
NUM_PHOTOS = 200
QUIET = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]


def main() -> None:
    """Make the bank, its images and a report, and print what they took."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('annotations', help="an archive of VOC's XML files")
    parser.add_argument('--num-pool', type=int, default=16_551)
    parser.add_argument('--num-images', type=int, default=1000)
    parser.add_argument('--dimensions', type=int, default=2048)
    parser.add_argument('--browser', help='path of a Chromium, to measure opening the page too')
    parser.add_argument('--out', default='work_dirs/report_benchmark.html')
    args = parser.parse_args()
    bank = read_bank(args.annotations, args.num_pool, args.dimensions)
    coreset = select_coreset(bank, num_images=args.num_images, method='csod')
    rows = [['images', len(bank.images)], ['rows', len(bank)], ['dimensions', args.dimensions], ['picks', len(coreset)]]
    with tempfile.TemporaryDirectory() as root:
        write_images(bank, Path(root))
        start, start_cpu = time.perf_counter(), time.process_time()
        write_report(args.out, bank, {'coreset': coreset}, Path(root))
        rows.append(['seconds to make', round(time.perf_counter() - start, 1)])
        rows.append(['seconds of CPU time', round(time.process_time() - start_cpu, 1)])
    rows.append(['megabytes', round(Path(args.out).stat().st_size / 1e6, 1)])
    if args.browser:
        rows.append(['seconds until usable', round(open_page(args.browser, Path(args.out)), 2)])
    print(tabulate(rows, tablefmt='github'))


def read_bank(archive: str, num_images: int, dimensions: int) -> FeatureBank:
    """Return a bank of the first images of VOC, by name: their real objects, and made-up vectors."""
    found: list[tuple] = []
    with tarfile.open(archive) as members:
        files = sorted((member for member in members if member.name.endswith('.xml')), key=lambda member: member.name)
        for member in files[:num_images]:
            root = ET.parse(members.extractfile(member)).getroot()
            found += [
                (
                    Path(member.name).stem,
                    entry.find('name').text,
                    *(float(entry.find(f'bndbox/{edge}').text) for edge in ('xmin', 'ymin', 'xmax', 'ymax')),
                )
                for entry in root.iterfind('object')
            ]
    return make_bank(found, dimensions)


def make_bank(found: list[tuple], dimensions: int) -> FeatureBank:
    """Return a bank of objects given as image, class name and box."""
    images, image_of = np.unique([entry[0] for entry in found], return_inverse=True)
    classes, label_of = np.unique([entry[1] for entry in found], return_inverse=True)
    objects = np.zeros(len(found), OBJECT_DTYPE)
    objects['image'], objects['label'], objects['box'] = image_of, label_of, [entry[2:] for entry in found]
    pairs, counts = np.unique(np.stack([label_of, image_of]), axis=1, return_counts=True)
    rows = np.zeros(len(counts), ROW_DTYPE)
    rows['label'], rows['image'], rows['count'] = *pairs, counts
    vectors = np.empty((len(rows), dimensions), np.float32)
    rng = np.random.default_rng(0)
    for label in range(len(classes)):
        begin, end = np.searchsorted(rows['label'], [label, label + 1])
        fill_class(vectors[begin:end], rng)
    return FeatureBank(
        vectors, rows, tuple(f'JPEGImages/{name}.jpg' for name in images), tuple(map(str, classes)), objects=objects
    )


def write_images(bank: FeatureBank, root: Path) -> None:
    """Give every image of a bank a file: one of some made-up photographs of 500 x 375 pixels."""
    rng = np.random.default_rng(0)
    (root / 'JPEGImages').mkdir()
    for number in range(NUM_PHOTOS):
        coarse = rng.integers(0, 256, (24, 32, 3), np.uint8)
        photo = np.asarray(Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC), float)
        photo += rng.normal(0, 12, photo.shape)
        Image.fromarray(photo.clip(0, 255).astype(np.uint8)).save(root / f'{number}.jpg', quality=90)
    for position, image in enumerate(bank.images):
        (root / image).symlink_to(root / f'{position % NUM_PHOTOS}.jpg')


def open_page(browser: str, path: Path) -> float:
    """Return the seconds from opening a page to the answer to a search in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser, args=QUIET).new_page()
        start = time.perf_counter()
        page.goto(path.resolve().as_uri(), wait_until='commit')
        page.locator('#count', has_text='of').wait_for()
        page.fill('#search', 'JPEGImages/2008')
        page.locator('#count', has_not_text='1,000 of').wait_for()
        return time.perf_counter() - start


if __name__ == '__main__':
    main()
