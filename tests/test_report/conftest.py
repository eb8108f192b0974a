"""A small pool with pictures, and names that nobody should trust."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mmcsod import Coreset, FeatureBank, Pick, select_coreset
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE
from tests.test_report.by_hand import bank_by_hand  # noqa: F401

CLASSES = ('<script>alert(1)</script>', 'ca"t\' & $x^2$', 'כלב שחור', '車', 'very ' * 40 + 'long')
STEMS = (
    '<img src=x onerror=alert(1)>', 'quo"te\'s', 'עברית', 'ünïcode 車', 'long' * 50, '{{ 7 * 7 }}', 'a&amp;b',
    '</script>',
)  # fmt: skip
BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')
QUIET = [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update',
]  # fmt: skip


def make_bank(num_images=30, dimensions=8, seed=0, **provenance):
    """Images in folders of hostile names, each with objects of one to three classes."""
    rng = np.random.default_rng(seed)
    names = [f'{STEMS[i % len(STEMS)].replace("/", "∕")}/{i:02}.jpg' for i in range(num_images)]
    objects, rows = [], []
    for image in range(num_images):
        for label in rng.choice(len(CLASSES), rng.integers(1, 4), replace=False):
            count = int(rng.integers(1, 3))
            rows.append((image, label, count))
            for _ in range(count):
                x, y, width, height = rng.uniform(2, 40, 4)
                objects.append((image, label, (x, y, x + width, y + height), width * height, False))
    rows.sort(key=lambda row: (row[1], row[0]))
    vectors = rng.normal(size=(len(rows), dimensions)) + 1
    return FeatureBank(
        vectors.astype(np.float32),
        np.array(rows, ROW_DTYPE),
        tuple(names),
        CLASSES,
        objects=np.array(objects, OBJECT_DTYPE),
        provenance=provenance,
    )


def write_images(bank, root):
    rng = np.random.default_rng(0)
    for name in bank.images:
        (root / name).parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (60, 90, 3), np.uint8)).save(root / name)


def make_coreset(*images, **kwargs):
    return Coreset(tuple(Pick(image, 0) for image in images), ('a', 'b'), 'by hand', **kwargs)


@pytest.fixture(scope='session')
def pool(tmp_path_factory):
    """A bank, the folder of its images, and two coresets."""
    root = tmp_path_factory.mktemp('images')
    bank = make_bank(data_root=str(root))
    write_images(bank, root)
    return SimpleNamespace(
        bank=bank,
        root=root,
        coresets={
            'csod </script>': select_coreset(bank, num_images=9, method='csod'),
            'uniform': select_coreset(bank, 6, method='uniform'),
        },
    )


@pytest.fixture(scope='session')
def browser():
    pytest.importorskip('playwright', reason='needs the package playwright')
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f'needs one of the browsers {", ".join(BROWSERS)}')
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield started
        started.close()
