"""Trainings that cannot go on end in one sentence."""

import json
import math
import shutil
from pathlib import Path

import pytest
from mmdet.registry import METRICS
from mmengine.config import Config
from mmengine.evaluator import BaseMetric

from mmcsod.training.retrain import retrain
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json, write_text
from tests.test_datasets.conftest import coco_leaf
from tests.test_training.conftest import PIPELINE


def test_divergence_names_the_loss_and_leaves_no_checkpoint(tiny_config, coco_coreset, tmp_path):
    options = {'gentle': False, 'cfg_options': {'optim_wrapper.optimizer.lr': 1e12}}
    with pytest.raises(UserError, match=r'Training diverged at iteration \d+: loss_.* is not finite; lower'):
        retrain(tiny_config, coco_coreset, iters=30, seed=0, work_dir=tmp_path / 'run', **options)
    assert not list((tmp_path / 'run').glob('*.pth'))
    assert not (tmp_path / 'run' / 'result.json').exists()


@pytest.fixture
def own_images(tiny_config, coco_root, tmp_path):
    """The tiny config on a copy of the images of its own."""
    root = shutil.copytree(coco_root, tmp_path / 'own')
    leaf = coco_leaf(root, pipeline=PIPELINE)
    write_text(tiny_config, tiny_config.read_text() + f'train_dataloader.update(dataset={leaf!r})\n')
    return root / 'train'


@pytest.mark.parametrize('workers', [0, 1])
def test_an_image_that_breaks_off_is_named(workers, own_images, tiny_config, coco_coreset, tmp_path):
    """Its header is whole, so that only training finds it."""
    for image in own_images.glob('*.jpg'):
        image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(UserError, match=rf'^The image {own_images}/\d+\.jpg cannot be used \([^\n]+annotations\.$'):
        options = {'train_dataloader.num_workers': workers}
        retrain(tiny_config, coco_coreset, iters=2, work_dir=tmp_path / 'run', cfg_options=options)


@pytest.mark.parametrize(
    ('damage', 'message'),
    [
        (Path.unlink, r'1 of 8 training images do not exist \(.*0002\.jpg\)'),
        (lambda path: path.write_text('<html>'), r'1 of 8 training images looked at cannot be read \(.*0002\.jpg\)'),
    ],
)
def test_images_are_looked_at_before_anything_is_written(damage, message, own_images, tiny_config, coco_coreset):
    damage(own_images / '0002.jpg')
    with pytest.raises(UserError, match=message):
        retrain(tiny_config, coco_coreset, work_dir=own_images / 'run')
    assert not (own_images / 'run').exists()


def test_a_set_without_an_object_to_learn_from(tiny_config, coco_root, tmp_path):
    content = read_json(coco_root / 'train.json', 'annotations')
    for annotation in content['annotations']:
        annotation['iscrowd'] = 1
    with pytest.raises(UserError, match='without a box to learn from'):
        retrain(tiny_config, None, cfg_options={'train_dataloader.dataset': with_annotations(coco_root, content)})


def with_annotations(root, content):
    path = root.parent / 'changed.json'
    path.write_text(json.dumps(content))
    return coco_leaf(root, ann_file=str(path), pipeline=PIPELINE, filter_cfg={'filter_empty_gt': False})


@METRICS.register_module()
class Undefined(BaseMetric):
    """As ``CocoMetric(classwise=True)`` for a class without validation objects."""

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return {'AP': math.nan, 'images': len(results)}


def test_a_metric_without_a_value_loses_no_result(tiny_config, coco_coreset, tmp_path):
    options = {'val_evaluator': {'type': 'Undefined', '_delete_': True}}
    metrics = retrain(tiny_config, coco_coreset, iters=1, work_dir=tmp_path / 'run', cfg_options=options)
    assert math.isnan(metrics['AP'])
    assert read_json(tmp_path / 'run' / 'result.json', 'a result')['metrics'] == {'AP': None, 'images': 5}
    assert Config.fromfile(tmp_path / 'run' / 'tiny.py').custom_hooks[-1].type == 'CheckInvalidLossHook'
