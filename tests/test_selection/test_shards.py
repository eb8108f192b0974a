import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import FeatureBank, UserError
from mmcsod.records import arrays
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection
from mmcsod.selection.shards import OrderedSum, gather_records, shard
from mmcsod.util.distributed import World
from tests.test_selection.banks import class_bank, make_bank, random_banks
from tests.test_selection.test_kernels.picks import FACTORIES, near_ties
from tests.test_selection.test_methods.test_csod import objectwise_bank
from tests.test_selection.threads import run_together

SIZES = (1, 2, 3, 5)
BEYOND_EQ_4 = ('classwise-facility-location', 'csod-logdet', 'csod-mmr', 'classwise-k-center')


@pytest.fixture(params=[1, 40])
def _small_blocks(request, monkeypatch):
    """Blocks of one row and of some, so that processes share even small classes."""
    monkeypatch.setattr(arrays, 'BLOCK_ELEMENTS', request.param)


def assert_same_picks(bank, options, sizes=(2, 5)):
    expected = run_selection(bank, options).coreset
    for size in sizes:
        for coreset in run_together(size, lambda world: run_selection(bank, options, world).coreset):
            assert coreset == expected, size


def group_of(rank, size):
    world = World()
    world.rank, world.size = rank, size
    return world


@given(rows=st.integers(0, 500), step=st.integers(1, 90), size=st.integers(1, 9), turn=st.integers(0, 20))
def test_shards_are_whole_blocks_and_all_rows_in_order(rows, step, size, turn):
    shards = [shard(rows, step, group_of(rank, size), turn) for rank in range(size)]
    assert [row for part in shards for row in range(rows)[part]] == list(range(rows))
    assert all(part.start % step == 0 or part.start == rows for part in shards)
    sizes = [part.stop - part.start for part in shards]
    assert max(sizes) - min(sizes) <= 2 * step


def test_small_classes_go_to_different_processes():
    holders = [rank for turn in range(6) for rank in range(3) if len(range(5)[shard(5, 8, group_of(rank, 3), turn)])]
    assert sorted(holders) == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize('size', SIZES)
def test_a_sum_is_the_same_to_the_last_bit_whoever_adds(size):
    parts = np.random.default_rng(0).normal(size=(40, 7)) * 10.0 ** np.random.default_rng(1).integers(-9, 9, (40, 1))
    alone = OrderedSum(7)
    for part in parts:
        alone.add(part)
    expected = alone.result()

    def work(world):
        total = OrderedSum(7, world)
        for part in parts[shard(40, 3, world)]:
            total.add(part)
        return total.result()

    for total in run_together(size, work):
        np.testing.assert_array_equal(total, expected)
    assert not np.array_equal(np.sum(parts[::-1], axis=0), expected)  # the order does matter here


def test_more_records_than_few_come_in_a_second_exchange():
    given = [np.arange(3.0 * number).reshape(number, 3) + number for number in (0, 2, 9)]
    for found in run_together(3, lambda world: gather_records(given[world.rank], world)):
        np.testing.assert_array_equal(found, np.concatenate(given))


@pytest.mark.usefixtures('_small_blocks')
@pytest.mark.parametrize(
    ('method', 'kernel'), [*(('csod', kernel) for kernel in FACTORIES), *((method, 'numpy') for method in BEYOND_EQ_4)]
)
def test_any_number_of_processes_gives_the_picks_and_terms_of_one(method, kernel):
    bank = make_bank(num_images=60, unused=2)
    lists = {'include': bank.images[5:9], 'exclude': bank.images[20:30], 'classes': ['class 3', 'class 1']}
    assert_same_picks(bank, SelectionOptions(45, lam=0.1, method=method, kernel=kernel))
    assert_same_picks(bank, SelectionOptions(ratio=1, lam=0.1, method=method, kernel=kernel, **lists))


@pytest.mark.usefixtures('_small_blocks')
@pytest.mark.parametrize('method', ['csod', *BEYOND_EQ_4])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(bank=random_banks(), lam=st.sampled_from([0.0, 1e-10, 0.1, 1e10]), size=st.sampled_from(SIZES[1:]))
def test_whole_banks_of_all_kinds_shared(method, bank, lam, size):
    assert_same_picks(bank, SelectionOptions(14, lam=lam, method=method, kernel='numpy'), [size])


@pytest.mark.usefixtures('_small_blocks')
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
@pytest.mark.parametrize('method', ['csod', *BEYOND_EQ_4])
def test_near_ties_across_shards(method, dtype):
    bank = class_bank(near_ties(np.random.default_rng(0), 90, 16, dtype))
    assert_same_picks(bank, SelectionOptions(30, lam=0.05, method=method), [3])


@pytest.mark.usefixtures('_small_blocks')
def test_objects_and_rows_that_are_not_class_by_class():
    objectwise = objectwise_bank(np.random.default_rng(0))
    assert_same_picks(objectwise, SelectionOptions(20, lam=0.1, method='csod-objectwise'))
    assert_same_picks(make_bank(), SelectionOptions(20, method='uniform', seed=3))


@pytest.mark.usefixtures('_small_blocks')
def test_different_options_are_noticed():
    bank = make_bank()
    with pytest.raises(UserError, match='different banks or options'):
        run_together(2, lambda world: run_selection(bank, SelectionOptions(5 + world.rank), world))


@pytest.mark.usefixtures('_small_blocks')
@pytest.mark.parametrize('row', [0, 61, -1])
def test_each_process_checks_the_vectors_that_it_reads(row, tmp_path):
    make_bank(num_images=60).save(tmp_path / 'features')
    vectors = np.load(tmp_path / 'features' / 'vectors.npy')
    assert_same_picks(FeatureBank.load(tmp_path / 'features'), SelectionOptions(8), [3])
    vectors[row, 0] = np.nextafter(vectors[row, 0], 9, dtype=vectors.dtype)
    np.save(tmp_path / 'features' / 'vectors.npy', vectors)
    with pytest.raises(UserError, match='damaged'):
        run_together(
            3, lambda world: run_selection(FeatureBank.load(tmp_path / 'features'), SelectionOptions(8), world)
        )
