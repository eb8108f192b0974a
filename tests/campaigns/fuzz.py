"""Feed both readers what Hypothesis makes up: JSON with odd values in any place, arrays of any kind, bytes."""

import copy
import json
from functools import partial, reduce
from io import BytesIO
from operator import getitem

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mmcsod import UserError
from mmcsod.records.bank_files import SEAL
from tests.campaigns.crash import Outcome
from tests.campaigns.damage import use_bank, use_coreset
from tests.test_datasets.conftest import make_coreset
from tests.test_records.test_bank import make_bank

NAMES = ('vectors', 'rows', 'image_vectors', 'objects', 'object_vectors')
ODD_TEXT = st.sampled_from(['', '\n', '\x00', '\ud800', '../../x', '/etc/passwd', 'a' * 10_000, '\u202e', 'NaN'])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-2, 5)
    | st.floats()
    | st.text(max_size=5)
    | ODD_TEXT
    | st.sampled_from([10**400, -1, 2**63, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ARRAYS = npst.arrays(
    st.one_of(
        npst.floating_dtypes(),
        npst.integer_dtypes(),
        npst.boolean_dtypes(),
        npst.unicode_string_dtypes(max_len=3),
        npst.datetime64_dtypes(),
        npst.array_dtypes(npst.floating_dtypes(), max_size=3),
    ),
    npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
)


def fuzz_readers(folder, examples):
    """Return what was tried and what failed: anything but a result or one sentence."""
    bank, coreset = folder / 'bank', folder / 'coreset.json'
    make_bank().save(bank)
    _unseal(bank / 'meta.json')
    make_coreset(['a.jpg', 'b/c.jpg']).save(coreset)
    of_bank, of_coreset = partial(use_bank, bank), partial(use_coreset, coreset)
    for path, read in ((coreset, of_coreset), (bank / 'meta.json', of_bank), (bank / 'images.json', of_bank)):
        content = json.loads(path.read_bytes())
        places = st.tuples(st.sampled_from(list(_paths(content))), VALUES, st.booleans())
        yield _run(path, 'odd JSON', examples, places, partial(_changed, content), read)
    for name in NAMES:
        path = bank / f'{name}.npy'
        yield _run(path, 'odd arrays', examples, st.tuples(ARRAYS), _saved, of_bank)
        whole = path.read_bytes()
        cuts = st.tuples(st.integers(0, whole.index(b'\n') + 1), st.binary(max_size=6), st.integers(0, 6))
        yield _run(path, 'odd bytes', examples, cuts, partial(_cut, whole), of_bank)


def _unseal(path):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in content.items() if key not in (SEAL, 'files', 'blocks')}))


def _run(path, attack, examples, strategy, make, read):
    """Put what ``make`` makes of each example in the place of a file, and read."""
    outcome, whole = Outcome(f'{path.name}, {attack}'), path.read_bytes()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def one(data):
        outcome.tried += 1
        path.write_bytes(make(*data))
        try:
            read()
        except UserError:
            pass
        except Exception as error:
            outcome.failures.append(f'{outcome.name}: {type(error).__name__}: {str(error)[:200]} of {str(data)[:200]}')

    try:
        one()
    finally:
        path.write_bytes(whole)
    return outcome


def _paths(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _changed(content, path, value, remove):
    content = copy.deepcopy(content)
    parent = reduce(getitem, path[:-1], content)
    if not path:
        content = value
    elif remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return json.dumps(content).encode()


def _saved(array):
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _cut(whole, start, between, length):
    return whole[:start] + between + whole[start + length :]
