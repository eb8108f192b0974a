"""``mmcsod demo`` is an experiment with a report."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from mmcsod import UserError
from mmcsod.commands import demo
from mmcsod.experiments.spec import load_experiment
from mmcsod.selection.options import SelectionOptions

ROOT = Path(__file__).parents[2]
TINY = """
_base_ = {base!r}
detectors = {{'faster-rcnn': {config!r}}}
selector = dict(iters=2)
iters = 2
grid = [dict(methods=['full-set']), dict(methods=['csod'], num_images=[3])]
"""


@pytest.mark.slow
def test_it_trains_selects_compares_and_reports(tmp_path, monkeypatch, capsys, detector_config):
    monkeypatch.chdir(tmp_path)
    demo.DATA.mkdir(parents=True)
    base = str(ROOT / demo.PRESET)
    (tmp_path / 'tiny.py').write_text(TINY.format(base=base, config=str(detector_config)))
    monkeypatch.setattr(demo, 'PRESET', 'tiny.py')
    assert demo.main(argparse.Namespace(rendered=False)) == 0
    printed = capsys.readouterr().out
    assert 'demo: 2 of 2 runs done' in printed
    assert 'csod' in (demo.WORK_DIR / 'report.html').read_text()


def test_what_is_not_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match='run the demo in the folder of a checkout'):
        demo.main(argparse.Namespace(rendered=False))
    with pytest.raises(UserError, match=r'tools/dev/render_scenes\.py'):
        demo.main(argparse.Namespace(rendered=True))


def test_it_shows_the_default_method():
    default = SelectionOptions(24).entry
    shown = {(run.method, run.turns) for run in load_experiment(ROOT / demo.PRESET).runs}
    assert (default.name, default.turns) in shown
