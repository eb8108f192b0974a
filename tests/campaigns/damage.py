"""Damage each file of a bank and a coreset, and see whether anything is selected that was not before."""

import random
import re

from mmcsod import Coreset, FeatureBank, UserError, select_coreset
from tests.campaigns.crash import Outcome
from tests.test_datasets.conftest import make_coreset
from tests.test_records.test_bank import make_bank

METHODS = ('csod', 'csod-objectwise', 'herding')


def use_bank(path):
    """What one does with a bank: everything that reads its vectors."""
    bank = FeatureBank.load(path)
    return [select_coreset(bank, num_images=2, method=method).picks for method in METHODS]


def use_coreset(path):
    coreset = Coreset.load(path)
    return coreset.picks, coreset.classes, coreset.method, coreset.parameters


def damage_everything(folder, flips, seed=0):
    """Truncate each file at every structural place, and flip ``flips`` of its bits, one at a time."""
    make_bank().save(folder / 'bank')
    make_coreset(['a.jpg', 'b/c.jpg', 'ü.jpg']).save(folder / 'coreset.json')
    rng = random.Random(seed)
    for name in sorted(path.name for path in (folder / 'bank').iterdir()):
        yield from _damage(folder, folder / 'bank', name, use_bank, flips, rng)
    yield from _damage(folder, folder, 'coreset.json', use_coreset, 0, rng)  # it may be edited, so it has no checksum


def _damage(folder, home, name, use, flips, rng):
    target = home if use is use_bank else home / name
    expected = use(target)
    whole = (home / name).read_bytes()
    truncated, flipped = Outcome(f'{name} truncated'), Outcome(f'{name}, a bit flipped')
    for end in _places(whole):
        _try(home / name, whole[:end], target, use, expected, truncated, f'{name} cut at {end} of {len(whole)}')
    for _ in range(flips):
        position, bit = rng.randrange(len(whole)), rng.randrange(8)
        content = bytearray(whole)
        content[position] ^= 1 << bit
        _try(home / name, bytes(content), target, use, expected, flipped, f'{name}: bit {bit} of byte {position}')
    (home / name).write_bytes(whole)
    yield from (truncated, flipped) if flips else (truncated,)


def _try(path, content, target, use, expected, outcome, what):
    path.write_bytes(content)
    outcome.tried += 1
    try:
        if use(target) != expected:
            outcome.failures.append(f'{what}: silently another result')
    except UserError:
        pass
    except Exception as error:
        outcome.failures.append(f'{what}: {type(error).__name__}: {error}')


def _places(content):
    """Where a file's structure changes: brackets, commas and quotes of JSON, fields and rows of an array."""
    if content.startswith(b'\x93NUMPY'):
        header = content.index(b'\n') + 1
        around = {header // 2, header - 1, header, header + 1, (header + len(content)) // 2}
        return sorted({*range(12), *around, len(content) - 4, len(content) - 1})
    return sorted({match.start() for match in re.finditer(rb'[{}\[\],:"]', content)} | {1, len(content) - 2})
