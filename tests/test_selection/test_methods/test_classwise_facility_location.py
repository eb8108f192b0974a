import importlib.util
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod import select_coreset
from mmcsod.selection import facility_rows as module
from mmcsod.selection import neighbours
from mmcsod.selection.allowance import Allowance, parse_size
from mmcsod.selection.kernels import similarities
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection.banks import class_bank, make_bank, random_banks
from tests.test_selection.naive_rules import facility_location
from tests.test_selection.test_kernels.picks import clustered
from tests.test_selection.threads import run_together

METHOD = 'classwise-facility-location'
KERNELS = ['numpy', 'torch'] if importlib.util.find_spec('torch') else ['numpy']


@pytest.fixture
def _small(monkeypatch):
    """Even small classes fill several blocks and tiles."""
    monkeypatch.setattr(module, 'FEW', 2)
    monkeypatch.setattr(similarities, 'TILE', 3)
    monkeypatch.setattr(similarities, 'CONVERTED', 20)
    monkeypatch.setattr(neighbours, 'FOUND', 20)
    monkeypatch.setattr(neighbours, 'SUMMED', 20)
    monkeypatch.setattr(neighbours, 'SAMPLE', 2)


@pytest.mark.usefixtures('_small')
@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    bank=random_banks() | random_banks(dtype=np.float16),
    num_images=st.integers(1, 14),
    memory=st.sampled_from([0, 3000, '1GB']),
    most=st.sampled_from([1, 2, 4, 9, 1000]),
    kernel=st.sampled_from(KERNELS),
    size=st.sampled_from([1, 2, 3, 5]),
)
def test_equals_the_formula_whatever_is_kept_and_covered_and_by_whom(bank, num_images, memory, most, kernel, size):
    options = SelectionOptions(num_images, method=METHOD, turns='equal', method_options={'max_covered': most})
    expected = run_selection(bank, options).coreset
    assert expected.image_ids == facility_location(bank, num_images, most)
    other = replace(options, memory=memory, kernel=kernel)
    found = run_together(size, lambda world: run_selection(bank, other, world).coreset)
    assert all(coreset == expected for coreset in found)  # scores to the last bit


@st.composite
def copies(draw):
    """One class of rows that differ by float noise, so that their gains differ by about what still counts as a tie."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, dimensions = draw(st.integers(10, 40)), draw(st.sampled_from([2, 5, 16]))
    noise = 10 ** rng.uniform(-6, -4.5) * rng.normal(size=(rows, dimensions))
    return class_bank((rng.normal(size=(1, dimensions)) * (1 + noise)).astype(np.float32))


@pytest.mark.usefixtures('_small')
@settings(max_examples=60, deadline=None, derandomize=True)
@given(bank=copies(), memory=st.sampled_from([0, 3000, '1GB']), size=st.sampled_from([1, 3, 5]))
def test_what_ties_is_the_formula_s_to_say(bank, memory, size):
    options = SelectionOptions(8, method=METHOD, memory=memory)
    found = run_together(size, lambda world: run_selection(bank, options, world).coreset)
    assert {tuple(coreset.image_ids) for coreset in found} == {tuple(facility_location(bank, 8))}


@pytest.mark.parametrize('memory', ['1.2MB', '2MB', '100MB'])
def test_memory_is_within_the_limit_and_what_the_log_says(memory, monkeypatch):
    bank = class_bank(clustered(np.random.default_rng(3), 1500, 24, np.float32))
    for setting, value in {'TILE': 64, 'CONVERTED': 1 << 12}.items():
        monkeypatch.setattr(similarities, setting, value)
    monkeypatch.setattr(neighbours, 'FOUND', 1 << 12)
    monkeypatch.setattr(neighbours, 'SUMMED', 1 << 12)
    allowance = Allowance(parse_size(memory))
    eligible = np.ones(1500, bool)
    tracemalloc.start()
    state = module.FacilityLocation(UnitRows(bank.vectors, eligible), eligible, allowance=allowance)
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(20):
        row = state.best().row
        state.select(row, state.unit(row))
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0 < allowance.most <= allowance.limit
    assert now - before < allowance.most
    assert peak - before < allowance.most + 1_500_000


@pytest.mark.parametrize('num_included', [0, 30])
@pytest.mark.parametrize(('memory', 'least', 'most'), [('2MB', 0.9, 1.1), ('200KB', 1.2, 6.5), (0, 2, 12)])
def test_what_is_kept_is_not_computed_again(memory, least, most, num_included, monkeypatch):
    """Of a class of some hundreds: similarities computed, beside those of all pairs."""
    bank = class_bank(clustered(np.random.default_rng(3), 400, 24, np.float32))
    computed = []
    tiles = similarities.NumpySimilarities._tiles

    def counting(self, candidates, others):
        computed.append(len(candidates) * len(others))
        yield from tiles(self, candidates, others)

    monkeypatch.setattr(module, 'FEW', 8)
    monkeypatch.setattr(neighbours, 'SAMPLE', 8)
    monkeypatch.setattr(similarities.NumpySimilarities, '_tiles', counting)
    options = {'num_images': 60, 'method': METHOD, 'include': bank.images[:num_included]}
    coreset = select_coreset(bank, memory=memory, **options)
    share = sum(computed) / 400**2
    assert coreset == select_coreset(bank, **options)
    assert least < share < most


def test_a_class_of_more_vectors_than_are_covered_is_named_and_recorded(caplog):
    bank = class_bank(clustered(np.random.default_rng(0), 50, 8, np.float32))
    coreset = select_coreset(bank, num_images=10, method=METHOD, method_options={'max_covered': '20'})
    assert "Class 'thing' has 50 vectors: those to cover are one in 3, 17 in all" in caplog.text
    assert coreset.parameters['method_options'] == {'max_covered': 20}
    caplog.clear()
    assert 'method_options' not in select_coreset(bank, num_images=10, method=METHOD).parameters
    assert 'to cover' not in caplog.text


def test_by_hand():
    # Rows at 0, 10, 20 and 90 degrees: the third is nearest to all (3.27 in all), then the last, whose
    # cosine to the third is that of 70 degrees.
    angles = np.radians([0, 10, 20, 90])
    bank = class_bank(np.stack([np.cos(angles), np.sin(angles)], 1))
    coreset = select_coreset(bank, num_images=2, method=METHOD)
    assert coreset.image_ids == ['00002', '00003']
    assert coreset.picks[1].score == pytest.approx(1 - np.cos(np.radians(70)), abs=1e-6)


@pytest.mark.parametrize('noise', [0, 1e-4])
def test_copies_are_looked_at_once(noise, monkeypatch):
    rng = np.random.default_rng(0)
    scenes = np.abs(rng.normal(1, 0.5, (5, 8)))[np.arange(60) % 5]
    bank = class_bank((scenes * (1 + noise * rng.normal(size=scenes.shape))).astype(np.float32))
    computed = []
    exact = module.FacilityLocation._exact_gains

    def counting(self, rows):
        computed.extend(rows.tolist())
        return exact(self, rows)

    monkeypatch.setattr(module.FacilityLocation, '_exact_gains', counting)
    monkeypatch.setattr(module, 'FEW', 4)
    coreset = select_coreset(bank, num_images=14, method=METHOD)
    assert coreset.image_ids == facility_location(bank, 14)
    assert len(computed) < 3 * 60  # and not 60 at each of 10 turns


def test_excluded_rows_may_hold_anything():
    vectors = np.abs(np.random.default_rng(2).normal(1, 1, (20, 4))).astype(np.float32)
    kept = select_coreset(class_bank(vectors[:18]), num_images=9, method=METHOD)
    vectors[18], vectors[19] = np.inf, np.nan
    for memory in (0, '1GB'):
        coreset = select_coreset(
            class_bank(vectors), num_images=9, method=METHOD, exclude=['00018', '00019'], memory=memory
        )
        assert coreset.picks == kept.picks


def test_the_log_says_what_was_kept_and_that_is_within_the_limit(caplog):
    for memory, kept in ((0, '0 B of 0 B'), ('1MB', r'\d+ kB of 1 MB'), ('5MB', r'2\.\d+ MB of 5 MB')):
        with caplog.at_level('INFO', 'mmcsod'):
            select_coreset(make_bank(num_images=1000), num_images=12, method=METHOD, memory=memory)
        assert re.search(f'similarities of vectors kept in memory: at most {kept} ', caplog.text)
