"""Short versions of the campaigns of README.md; tools/dev/campaigns.py runs the long ones."""

import pytest

from tests.campaigns import damage, fuzz, jobs, names
from tests.campaigns.crash import kill_everywhere
from tests.test_datasets.conftest import coco_coreset, coco_root, mmdet_modules  # noqa: F401
from tests.test_training.conftest import tiny_config  # noqa: F401
from tests.tool import run_script


def held(outcomes):
    outcomes = list(outcomes)
    assert all(outcome.tried for outcome in outcomes)
    failures = [failure for outcome in outcomes for failure in outcome.failures]
    assert not failures, '\n'.join(failures[:20])


@pytest.mark.parametrize(('make', 'at_most'), [(jobs.selection, 10), (jobs.report, 2), (jobs.experiment, 10)])
def test_a_kill_leaves_what_was_or_what_is_to_be(make, at_most, tmp_path):
    held([kill_everywhere(make(), tmp_path, at_most)])


def test_a_kill_of_setting_up_a_training(tiny_config, coco_coreset, tmp_path):  # noqa: F811
    held([kill_everywhere(jobs.retraining(tiny_config, coco_coreset), tmp_path / 'work', at_most=3)])


@pytest.mark.parametrize('format_and_images', [('coco', 'copy'), ('yolo', 'link')])
def test_a_kill_of_an_export(format_and_images, coco_root, mmdet_modules, tmp_path):  # noqa: F811
    held([kill_everywhere(jobs.export(coco_root, *format_and_images), tmp_path, at_most=4)])


def test_damage_is_told_or_harmless(tmp_path):
    held(damage.damage_everything(tmp_path, flips=20))


def test_the_readers_answer_anything_in_one_sentence(tmp_path):
    held(fuzz.fuzz_readers(tmp_path, examples=10))


def test_hostile_names(tmp_path):
    held(names.try_names(tmp_path))


@pytest.mark.campaign
def test_a_kill_of_an_extraction():
    """In a process that has not used PyTorch: its threads do not survive a fork."""
    done = run_script('tools/dev/campaigns.py', '--at-most', 2, 'extractions')
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('| 2 | 0 |') == 4
