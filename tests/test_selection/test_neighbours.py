import numpy as np

from mmcsod.selection import neighbours
from mmcsod.selection.neighbours import nearest_rows


def test_three_rows_by_hand():
    found = nearest_rows(np.array([[1, 0], [0.8, 0.6], [0, 1.0]]), 2)
    assert found.rows.tolist() == [[1, 2], [0, 2], [1, 0]]
    assert np.allclose(found.cosines, [[0.8, 0], [0.8, 0.6], [0.6, 0]])


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    units = rng.normal(size=(50, 4))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    whole = nearest_rows(units, 7)
    monkeypatch.setattr(neighbours, 'BLOCK_ELEMENTS', 150)
    blocks = nearest_rows(units, 7)
    assert (whole.rows == blocks.rows).all()
    assert np.allclose(whole.cosines, blocks.cosines)
    assert nearest_rows(units[:3], 7).rows.shape == (3, 2)
