"""Feed both readers what Hypothesis makes up: JSON with odd values in any place, arrays of any kind, bytes."""

import copy
import json
from io import BytesIO

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
    make_bank().save(folder / 'bank')
    _unseal(folder / 'bank' / 'meta.json')
    make_coreset(['a.jpg', 'b/c.jpg']).save(folder / 'coreset.json')
    coreset = folder / 'coreset.json'
    yield _run('coreset.json, odd JSON', examples, _json_attack(coreset, coreset, use_coreset))
    for name in ('meta.json', 'images.json'):
        yield _run(f'{name}, odd JSON', examples, _json_attack(folder / 'bank' / name, folder / 'bank', use_bank))
    for name in NAMES:
        path = folder / 'bank' / f'{name}.npy'
        yield _run(f'{path.name}, odd arrays', examples, _array_attack(path, folder / 'bank'))
        yield _run(f'{path.name}, odd bytes', examples, _bytes_attack(path, folder / 'bank'))


def _unseal(path):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in content.items() if key not in (SEAL, 'files', 'blocks')}))


def _run(name, examples, attack):
    outcome = Outcome(name)
    strategy, write, read, restore = attack

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
        write(data)
        try:
            read()
        except UserError:
            pass
        except Exception as error:
            outcome.failures.append(f'{name}: {type(error).__name__}: {str(error)[:200]} of {str(data)[:200]}')

    try:
        one()
    finally:
        restore()
    return outcome


def _json_attack(path, target, use):
    whole = path.read_bytes()
    places = list(_paths(json.loads(whole)))
    strategy = st.tuples(st.sampled_from(places), VALUES, st.booleans())
    return (
        strategy,
        lambda data: path.write_text(json.dumps(_changed(json.loads(whole), *data))),
        lambda: use(target),
        lambda: path.write_bytes(whole),
    )


def _paths(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _paths(child, (*path, key))


def _changed(content, path, value, remove):
    content = copy.deepcopy(content)
    if not path:
        return value
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    if remove:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return content


def _array_attack(path, target):
    whole = path.read_bytes()
    return (
        ARRAYS,
        lambda array: np.save(path, array, allow_pickle=False),
        lambda: use_bank(target),
        lambda: path.write_bytes(whole),
    )


def _bytes_attack(path, target):
    whole = path.read_bytes()
    header = whole.index(b'\n') + 1
    buffer = BytesIO()
    np.save(buffer, np.zeros(1))
    strategy = st.tuples(st.integers(0, header), st.binary(max_size=6), st.integers(0, 6))
    return (
        strategy,
        lambda data: path.write_bytes(whole[: data[0]] + data[1] + whole[data[0] + data[2] :]),
        lambda: use_bank(target),
        lambda: path.write_bytes(whole),
    )
