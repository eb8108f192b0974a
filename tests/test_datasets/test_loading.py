"""CoresetDataset under the samplers of mmdet's configs, through real data loaders."""

import collections
import itertools
import logging
from types import SimpleNamespace

import pytest
from mmdet.engine.hooks import PipelineSwitchHook
from mmdet.registry import DATASETS
from mmengine.runner import Runner

from .conftest import VOC_PICKS, coco_leaf, loading_pipeline, make_coreset, voc_leaf

PACK = [
    *loading_pipeline(),
    {'type': 'Resize', 'scale': (32, 32)},
    {'type': 'PackDetInputs', 'meta_keys': ('img_path',)},
]
MORE = (('12', 0), ('07', 6), ('12', 1), ('07', 1), ('12', 7), ('07', 7))
PICKS = [*VOC_PICKS, *(f'VOC20{year}/JPEGImages/{number:06d}.jpg' for year, number in MORE)]


def dataset(voc_root, coreset, shape):
    leaves = [voc_leaf(voc_root, year, pipeline=PACK, metainfo=None) for year in ('VOC2007', 'VOC2012')]
    concat = {'type': 'ConcatDataset', 'datasets': leaves, 'ignore_keys': ['dataset_type']}
    nest = {'concat': concat, 'repeat': {'type': 'RepeatDataset', 'times': 2, 'dataset': concat}}[shape]
    return {'type': 'CoresetDataset', 'dataset': nest, 'coreset': str(coreset)}


@pytest.fixture
def coreset(tmp_path):
    make_coreset(PICKS, DATASETS.get('VOCDataset').METAINFO['classes']).save(tmp_path / 'coreset.json')
    return tmp_path / 'coreset.json'


def images(loader, root, batches=None):
    for batch in itertools.islice(loader, batches):
        yield [sample.img_path.removeprefix(f'{root}/') for sample in batch['data_samples']]


def loader(config, **kwargs):
    return Runner.build_dataloader(
        {'batch_size': 2, 'num_workers': 0, 'dataset': config, 'collate_fn': {'type': 'pseudo_collate'}, **kwargs},
        seed=0,
    )


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('shape', ['concat', 'repeat'])
def test_default_sampler_with_aspect_ratio_batches(workers, shape, voc_root, coreset):
    built = loader(
        dataset(voc_root, coreset, shape),
        num_workers=workers,
        sampler={'type': 'DefaultSampler', 'shuffle': True},
        batch_sampler={'type': 'AspectRatioBatchSampler'},
    )
    counts = collections.Counter(image for batch in images(built, voc_root) for image in batch)
    assert counts == dict.fromkeys(PICKS, 2 if shape == 'repeat' else 1)


@pytest.mark.parametrize('workers', [0, 2])
def test_infinite_sampler(workers, voc_root, coreset):
    sampler = {'type': 'InfiniteSampler', 'shuffle': True}
    built = loader(dataset(voc_root, coreset, 'concat'), num_workers=workers, sampler=sampler)
    counts = collections.Counter(image for batch in images(built, voc_root, batches=12) for image in batch)
    assert counts == dict.fromkeys(PICKS, 2)


@pytest.mark.parametrize(
    'sampler',
    [
        {'type': 'ClassAwareSampler', 'num_sample_class': 2},
        {'type': 'MultiSourceSampler', 'batch_size': 2, 'source_ratio': [1, 1]},
        {'type': 'GroupMultiSourceSampler', 'batch_size': 2, 'source_ratio': [1, 1]},
        {'type': 'CustomSampleSizeSampler', 'dataset_size': [-1, 5]},
        {'type': 'MultiDataSampler', 'dataset_ratio': [1, 2]},
    ],
    ids=lambda sampler: sampler['type'],
)
def test_samplers_that_look_into_the_dataset(sampler, voc_root, coreset):
    built = loader(dataset(voc_root, coreset, 'concat'), sampler=sampler)
    batches = list(images(built, voc_root, batches=60))
    seen = {image for batch in batches for image in batch}
    assert seen <= set(PICKS)
    assert len(seen) > len(PICKS) // 2
    if 'Source' in sampler['type']:  # one of each devkit in every batch
        assert all(sorted(image[:7] for image in batch) == ['VOC2007', 'VOC2012'] for batch in batches)


@pytest.mark.parametrize('persistent_workers', [True, False])
def test_pipeline_is_switched(persistent_workers, coco_root, coco_coreset):
    """MMDetection's RTMDet and YOLOX configs end their training without mosaics by setting the dataset's pipeline."""
    config = {'type': 'CoresetDataset', 'dataset': coco_leaf(coco_root, pipeline=PACK), 'coreset': str(coco_coreset)}
    built = loader(config, sampler={'type': 'DefaultSampler'}, num_workers=1, persistent_workers=persistent_workers)
    hook = PipelineSwitchHook(1, [*PACK[:2], {'type': 'Resize', 'scale': (16, 16)}, PACK[3]])
    sizes = []
    for epoch in range(3):
        hook.before_train_epoch(SimpleNamespace(epoch=epoch, train_dataloader=built, logger=logging.getLogger()))
        sizes.append({tuple(image.shape) for batch in built for image in batch['inputs']})
    assert sizes == [{(3, 32, 32)}, {(3, 16, 16)}, {(3, 16, 16)}]
