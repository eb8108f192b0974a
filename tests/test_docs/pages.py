"""The pages of the documentation, the blocks of code in them, and how those run that need a bank."""

import json
import re
from pathlib import Path

from tests.tool import run_script

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')])
# Names that pages use without saying where they come from, and folders that they load.
PREPARE = """
import json, sys
from dataclasses import replace
import numpy as np
from mmcsod import FeatureBank, select_coreset
rng = np.random.default_rng(0)
classes, image_ids, labels = ('cat', 'dog'), [f'{i // 2:03d}.jpg' for i in range(1200)], np.arange(1200) % 2
vectors = rng.random((1200, 8), dtype=np.float32)
bank = replace(FeatureBank.from_arrays(vectors, image_ids, labels, classes),
               image_vectors=rng.random((600, 8), dtype=np.float32))
for name in ('voc', 'chess', 'mine', 'first'):
    bank.save(f'work_dirs/{name}/features')
given = json.loads(sys.stdin.read())
"""


def blocks(page, *languages):
    """The text of each block of one of these languages."""
    found = re.findall(r'^```(\w*)\n(.*?)^```$', (ROOT / page).read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def run_on_banks(code, given, folder):
    """Run code on banks made up in a folder; ``given`` is a name in it."""
    done = run_script('-c', PREPARE + code, cwd=folder, given=json.dumps(given), PATH='')
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
