"""The demo from end to end, on a handful of images."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mmcsod import Coreset, FeatureBank, UserError
from mmcsod.demo.dataset import Recipe, render_dataset
from mmcsod.demo.parts import CLASSES
from mmcsod.demo.pipeline import run_demo
from mmcsod.demo.scenarios import photographs, rendered, shorter
from mmcsod.util.config import load_config

ROOT = Path(__file__).parents[2]


def test_the_config_names_the_rendered_classes_and_builds():
    from mmdet.registry import MODELS
    from mmengine.registry import init_default_scope

    config = load_config(rendered().config)
    assert tuple(config.classes) == CLASSES
    init_default_scope('mmdet')
    detector = MODELS.build(config.model)
    assert detector.roi_head.bbox_head.fc_cls.out_features == len(CLASSES) + 1
    assert sum(weights.numel() for weights in detector.parameters()) < 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ('scenario', 'num_images', 'pool'),
    [(rendered(Recipe(train_images=16, test_images=4)), 5, 16), (photographs(), 12, 202)],
    ids=['rendered', 'photographs'],
)
def test_the_whole_pipeline_compares_subsets_of_one_size(scenario, num_images, pool, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path('data').symlink_to(ROOT / 'data')
    Path('work_dirs/demo/runs/csod/features').mkdir(parents=True)  # an earlier run must not be in the way
    table = run_demo(shorter(scenario, num_images, iters=2))
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines()[2:]]
    assert [row[:2] for row in rows] == [
        ['CSOD coreset', str(num_images)],
        ['random draws', str(num_images)],
        ['all images', str(pool)],
    ]
    assert all(re.fullmatch(r'[01]\.\d{3}', row[3]) for row in rows)
    coreset = Coreset.load('work_dirs/demo/runs/csod/coreset.json')
    assert coreset.method == 'csod'
    assert len(FeatureBank.load('work_dirs/demo/runs/csod/features').images) == pool
    files = re.findall(r'^  (work_dirs\S+)  ', capsys.readouterr().out, re.MULTILINE)
    assert len(files) == 6
    assert all(list(Path().glob(file)) for file in files)


def test_a_failing_step_is_named_with_its_log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = Recipe(train_images=2, test_images=1)
    render_dataset('work_dirs/demo/data', recipe)
    with pytest.raises(UserError, match=r'training on full with seed 0 failed; .*full-seed0\.log'):
        run_demo(shorter(rendered(recipe), num_images=1, iters=0))


def test_photographs_that_are_not_there_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r'There is no data/chess in .*--rendered'):
        run_demo(photographs())
