"""Hostile names through a whole selection: as images, as classes, as a method."""

from pathlib import Path

import numpy as np

from mmcsod import Coreset, FeatureBank, UserError, select_coreset
from mmcsod.selection.image_ids import read_image_ids
from mmcsod.util.files import file_name
from tests.campaigns.crash import Outcome

NAMES = (
    '', ' ', '.', '..', '../../x', '/etc/passwd', 'a/../../b', 'a\nb', 'a\r\nb', 'a\x00b', 'a\x1b[2Jb', 'a\u202eb',
    'a\u2028b', '\ud800', 'é', 'e\u0301', '\U0001f600', 'a' * 5000, '-rf', '--help', '$(id)', '`id`', 'a;b', '"', "'",
    '\\', '%s', '{0}', 'nan', 'null', '{', '#', 'con', 'a:b', 's3://bucket/x', 'file:///etc/passwd', 'a,b',
)  # fmt: skip


def try_names(folder):
    """Yield what became of each name in each place; it is refused in one sentence, or comes back as it was."""
    for place in (_as_image, _as_class, _as_method):
        outcome = Outcome(f'hostile names, {place.__name__[4:]}')
        for number, name in enumerate(NAMES):
            outcome.tried += 1
            try:
                if not place(folder / f'{place.__name__}{number}', name):
                    outcome.failures.append(f'{name!r} did not come back as it was')
            except UserError:
                pass
            except Exception as error:
                outcome.failures.append(f'{name!r}: {type(error).__name__}: {error}')
        yield outcome


def _as_image(folder, name):
    FeatureBank.from_arrays(np.eye(3), [name, 'other', 'third'], [0, 0, 1], ['x', 'y']).save(folder / 'bank')
    bank = FeatureBank.load(folder / 'bank')
    coreset = select_coreset(bank, num_images=2, include=[name])
    coreset.save(folder / 'coreset.json')
    (folder / 'list.txt').write_text(''.join(f'{image}\n' for image in coreset.image_ids), encoding='utf-8')
    return Coreset.load(folder / 'coreset.json').image_ids[0] == name and (
        name != name.strip() or not name or read_image_ids(folder / 'list.txt')[0] == name
    )


def _as_class(folder, name):
    FeatureBank.from_arrays(np.eye(3), ['a', 'b', 'c'], [0, 0, 1], [name, 'y']).save(folder / 'bank')
    coreset = select_coreset(FeatureBank.load(folder / 'bank'), num_images=1, classes=[name])
    coreset.save(folder / 'coreset.json')
    return Coreset.load(folder / 'coreset.json').classes[0] == name


def _as_method(folder, name):
    made = Path('work_dirs', file_name(name))
    return made.parent == Path('work_dirs') and made.name.isprintable() and not made.name.startswith('.')
