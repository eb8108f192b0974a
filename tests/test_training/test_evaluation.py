import json
from pathlib import Path

import pytest
from mmengine.config import Config

from mmcsod.training.evaluation import build_validation_set
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import CLASSES


@pytest.fixture
def config(tiny_config):
    return Config.fromfile(tiny_config)


def test_the_validation_set_is_built(config):
    dataset = build_validation_set(config, CLASSES)
    assert dataset.test_mode
    assert len(dataset) == 20


def test_a_config_may_evaluate_nothing(config):
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    assert build_validation_set(config, CLASSES) is None


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'val_dataloader.dataset.ann_file': 'nowhere.json'}, r'validation data cannot be read .*nowhere\.json'),
        ({'val_evaluator.ann_file': 'nowhere.json'}, r'validation data cannot be read .*nowhere\.json'),
        ({'val_evaluator.metric': 'bbx'}, 'validation data cannot be read .*bbx'),
        ({'val_evaluator': {'type': 'NoSuchMetric', '_delete_': True}}, 'NoSuchMetric'),
        ({'val_dataloader.dataset.metainfo.classes': ('cat', 'dog')}, r'2 classes \(cat, dog\) .* set 3'),
    ],
)
def test_mistakes_are_one_sentence(options, message, config):
    config.merge_from_dict(options)
    with pytest.raises(UserError, match=message):
        build_validation_set(config, CLASSES)


def test_a_missing_coreset_of_the_validation_set_is_told_as_it_is(config, tmp_path):
    config.val_dataloader.dataset = {
        'type': 'CoresetDataset',
        'coreset': str(tmp_path / 'c.json'),
        'dataset': config.val_dataloader.dataset,
    }
    with pytest.raises(UserError, match=rf'^a coreset file {tmp_path}/c\.json cannot be read: No such file'):
        build_validation_set(config, CLASSES)


def test_several_metrics_are_built(config):
    config.val_evaluator = {'metrics': [config.val_evaluator, {'type': 'CocoMetric', 'ann_file': 'nowhere.json'}]}
    with pytest.raises(UserError, match=r'nowhere\.json'):
        build_validation_set(config, CLASSES)


def test_an_evaluator_of_other_images_is_refused(config, tmp_path):
    content = json.loads(Path(config.val_evaluator.ann_file).read_text())
    content['images'] = content['images'][1:]
    config.val_evaluator.ann_file = str(tmp_path / 'other.json')
    (tmp_path / 'other.json').write_text(json.dumps(content))
    with pytest.raises(UserError, match=r'1 of 20 validation images .* of the evaluator CocoMetric, image_id'):
        build_validation_set(config, CLASSES)
