import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod.selection.coverage import SCALE, class_coverages, coverages, exact_units
from mmcsod.selection.pool import Pool
from tests.test_selection.banks import class_bank, random_banks
from tests.test_selection.naive_rules import unit
from tests.test_selection.threads import run_together


def naive_coverage(bank, labels, selected, excluded=()):
    """The definition, row by row in float64."""
    means = []
    for label in labels:
        rows = [row for row in np.flatnonzero(bank.labels == label) if bank.rows['image'][row] not in excluded]
        chosen = [unit(bank.vectors[row]) for row in rows if selected[bank.rows['image'][row]]]
        if rows:
            means.append(np.mean([max([unit(bank.vectors[row]) @ q for q in chosen], default=0) for row in rows]))
    return np.mean(means)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(bank=random_banks(), data=st.data())
def test_coverage_is_the_definition(bank, data):
    seen = np.unique(bank.rows['image'])
    excluded = set(data.draw(st.lists(st.sampled_from(seen.tolist()), max_size=len(seen) - 1)))
    pool = Pool(bank, range(len(bank.classes)), excluded)
    some = st.lists(st.sampled_from(pool.images.tolist()), min_size=1, unique=True)
    selections = [np.array(data.draw(some)) for _ in 'ab']
    found = coverages(pool, selections)
    masks = [np.isin(np.arange(len(bank.images)), selected) for selected in selections]
    expected = [naive_coverage(bank, pool.labels, mask, excluded) for mask in masks]
    assert found == pytest.approx(expected, abs=1e-6)
    for size in (2, 3):
        assert all(
            (each == found).all() for each in run_together(size, lambda world: coverages(pool, selections, world))
        )


def test_a_large_class_is_sampled_evenly_and_all_of_its_selected_rows_count():
    vectors = np.random.default_rng(0).normal(size=(5000, 6)).astype(np.float32)
    pool, selected = Pool(class_bank(vectors), [0]), np.array([2501, 1])  # not in the sample, which is every third row
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = (units @ units[selected].T).max(axis=1)
    assert coverages(pool, [selected]) == pytest.approx(nearest[::3].mean(), abs=1e-6)
    assert class_coverages(pool, 0, [selected])[0].curve[-1] == pytest.approx(nearest.mean(), abs=1e-6)


def test_products_are_exact_in_any_order():
    pool = Pool(class_bank(np.random.default_rng(0).normal(size=(300, 700)).astype(np.float32)), [0])
    units = exact_units(pool, np.arange(300))
    backwards = np.ascontiguousarray(units[:, ::-1])
    assert (units @ units.T == backwards @ backwards.T).all()
    exact = [[sum(int(a) * int(b) for a, b in zip(p, q, strict=True)) for q in units[:9]] for p in units[:9]]
    assert (units[:9] @ units[:9].T).tolist() == exact
    assert abs(exact[0][0] / SCALE**2 - 1) < 1e-7
