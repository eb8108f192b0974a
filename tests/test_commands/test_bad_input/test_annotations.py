"""Training sets that are called, or annotated, oddly."""

import json

import pytest
from mmengine.config import Config, ConfigDict

from tests.test_datasets.conftest import make_coreset
from tests.test_features.conftest import CLASSES

from .conftest import extraction

BOX = {'bbox': [1, 2, 30, 40], 'bbox_label': 0}


@pytest.fixture
def odd(run):
    """A way to run commands on a training set of one image that is called, or annotated, oddly."""
    make_coreset(['images/000.png'], CLASSES).save(run.home / 'one.json')

    def refused(says=None, **image):
        image = {'img_path': '000.png', 'img_id': 1, 'width': 160, 'height': 96, 'instances': [BOX], **image}
        content = {'metainfo': {'classes': CLASSES}, 'data_list': [image]}
        (run.home / 'odd.json').write_text(json.dumps(content))
        config = Config.fromfile(run.home / 'config.py')
        dataset = config.train_dataloader.dataset
        dataset.type, dataset.ann_file = 'BaseDetDataset', str(run.home / 'odd.json')
        dataset.data_prefix = ConfigDict(img_path='images/')
        config.dump(run.home / 'odd.py')
        run.refused('select', 'odd.py', 'model.pth', '--num-images', 1, '--work-dir', 'fresh', '--num-workers', 0)
        for kind in ('coco', 'yolo'):
            run.refused('export', 'one.json', '--config', 'odd.py', '--format', kind, '--out', 'out')

    return refused


@pytest.mark.parametrize(
    'image',
    [
        {'instances': [7]},
        {'img_path': 3},
        {'img_path': '\ud800.png'},
        {'img_path': 'a\nb.png'},
    ],
    ids=lambda image: ascii(image)[:40],
)
def test_odd_images(image, odd):
    odd(**image)


@pytest.mark.parametrize('text', ['', '[[', 'null'])
def test_annotations_that_are_none(text, run):
    (run.home / 'odd.json').write_text(text)
    words = ('--cfg-options', f'train_dataloader.dataset.ann_file={run.home}/odd.json')
    run.refused(*extraction(run.home, 'fresh'), *words)
    run.refused('export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out', *words)
    run.refused('retrain', 'config.py', 'coreset.json', '--work-dir', 'run', *words)
