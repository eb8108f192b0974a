"""The bank of a selector that the experiment trained itself is reused only for the data that it was made of."""

import shutil
from pathlib import Path

import pytest
import torch

from mmcsod import FeatureBank, UserError
from mmcsod.experiments.spec import load_experiment
from mmcsod.experiments.stage1 import Banks
from mmcsod.features.taps import TAPS
from mmcsod.util.config import load_config

EXPERIMENT = """
detectors = {'small': CONFIG}
selector = dict(detector='small', iters=3)
metric = 'AP50'
iters = 2
grid = [dict(methods=['csod'], num_images=[2])]
"""


@pytest.fixture
def data(detector_config, tmp_path):
    """A folder of images and a config, to be changed."""
    folder = Path(shutil.copytree(detector_config.parent, tmp_path / 'data'))
    config = folder / detector_config.name
    config.write_text(config.read_text().replace(detector_config.parent.as_posix(), folder.as_posix()))
    return folder


@pytest.fixture
def experiment(data, detector_config, tmp_path):
    (tmp_path / 'trial.py').write_text(EXPERIMENT.replace('CONFIG', repr(str(data / detector_config.name))))
    return load_experiment(tmp_path / 'trial.py')


def banks(experiment, work_dir, **options):
    """Banks whose selector is trained in no time."""

    def train(run):
        from mmdet.registry import MODELS

        torch.manual_seed(0)
        work_dir.mkdir(exist_ok=True)
        torch.save(MODELS.build(load_config(experiment.detectors['small']).model).state_dict(), work_dir / 'iter_3.pth')
        return work_dir

    return Banks(experiment, work_dir, train, **options)


def test_edited_annotations_are_noticed(experiment, data, tmp_path):
    assert banks(experiment, tmp_path / 'work').get('fc').bank.images
    assert banks(experiment, tmp_path / 'work').get('fc').bank.images
    annotations = data / 'pool.json'
    annotations.write_text(annotations.read_text().replace('"bbox": [1', '"bbox": [2'))
    with pytest.raises(UserError, match=r'other images or annotations than the training set has now.*--overwrite'):
        banks(experiment, tmp_path / 'work').get('fc')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b'x'), 'Image files have other sizes'),
        (lambda path: path.unlink(), 'Image files have other sizes'),
        (lambda path: path.write_bytes(path.read_bytes()), 'Image files were written since'),
    ],
)
def test_replaced_images_are_told(change, said, experiment, data, tmp_path, caplog):
    banks(experiment, tmp_path / 'work').get('fc')
    with caplog.at_level('INFO', 'mmcsod'):
        banks(experiment, tmp_path / 'work').get('fc')
        assert 'Image files' not in caplog.text
        change(data / '03.png')
        banks(experiment, tmp_path / 'work').get('fc')
    assert said in caplog.text


def test_a_bank_of_no_known_data_is_taken_as_it_is(experiment, tmp_path):
    first = banks(experiment, tmp_path / 'work').get('fc').bank
    shutil.rmtree(tmp_path / 'work' / 'features_fc')
    FeatureBank.from_arrays(first.vectors, first.image_ids, first.labels, first.classes).save(
        tmp_path / 'work' / 'features_fc'
    )
    assert len(banks(experiment, tmp_path / 'work').get('fc').bank) == len(first)


TAP = """
from mmcsod.features.taps import TAPS, Tap


@TAPS.register_module(name='corners')
class Corners(Tap):
    name = 'corners'

    def __call__(self, features, rois):
        return rois[:, 1:]
"""


@pytest.fixture
def own_tap(tmp_path, monkeypatch):
    """A module that a config imports; its tap is forgotten afterwards."""
    (tmp_path / 'corners_of_boxes.py').write_text(TAP)
    monkeypatch.syspath_prepend(tmp_path)
    yield 'corners_of_boxes'
    TAPS.module_dict.pop('corners', None)


def test_a_tap_that_the_config_registers_is_used(experiment, data, tmp_path, own_tap):
    config = data / Path(experiment.detectors['small']).name
    config.write_text(f"{config.read_text()}\ncustom_imports = dict(imports=['{own_tap}'])\n")
    bank = banks(experiment, tmp_path / 'work').get('corners').bank
    assert bank.vectors.shape[1] == 4


def test_a_tap_that_is_not_there_is_refused_before_training(experiment, tmp_path):
    def train(run):
        raise AssertionError('trained')

    with pytest.raises(UserError, match="There is no tap 'corners2'; choose one of auto"):
        Banks(experiment, tmp_path / 'work', train).get('corners2')
