"""What the figures of ``mmcsod analyze`` show and say; test_commands/test_analyze.py has them drawn into files."""

import numpy as np
import pytest
from PIL import Image

from mmcsod import FeatureBank, select_coreset
from mmcsod.report import figures
from mmcsod.report.coverage import coverage_curve, redundancy
from mmcsod.report.objects import rank_objects
from mmcsod.report.selected import Selected
from tests.test_report.by_hand import make_coreset


@pytest.fixture
def drawn(monkeypatch):
    found = []
    monkeypatch.setattr(figures, 'write_figure', lambda path, figure, dpi: found.append(figure))
    return found


def test_one_coreset_is_a_line_over_its_picks(drawn):
    rng = np.random.default_rng(0)
    bank = FeatureBank.from_arrays(rng.normal(size=(60, 5)), list(map(str, range(60))), [0] * 30 + [1] * 30, ['x', 'y'])
    coreset = select_coreset(bank, 20)
    one = Selected.find('mine', bank, coreset)
    figures.draw_similarity([one], 'a.png')
    coverage, repetition = drawn[0].axes
    line, end = coverage.lines
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 21))
    np.testing.assert_allclose(line.get_ydata(), coverage_curve(one.coverages))
    assert end.get_xdata().tolist() == [20]
    assert len(repetition.lines[0].get_xdata()) == figures.NUM_REDUNDANCIES
    assert repetition.lines[0].get_ydata()[-1] == redundancy(bank, one.mask)
    assert [axes.get_xlabel() for axes in drawn[0].axes] == ['selected images'] * 2


def test_percentages_say_of_what_they_are(drawn, bank, tmp_path):
    figures.draw_sizes(bank, {'mine': np.array([True, False, True])}, 'a.png')
    assert '% of the objects of each set' in drawn[0].axes[0].get_xlabel()
    assert 'below 32 x 32 pixels' in drawn[0].axes[0].get_xlabel()
    for name in bank.images:
        Image.new('RGB', (300, 300)).save(tmp_path / name, format='png')
    figures.draw_ranks({'mine': rank_objects(bank, make_coreset('ca'), 0, 5)}, tmp_path, 'b.png')
    assert '0 % is the best' in drawn[1].get_supxlabel()
