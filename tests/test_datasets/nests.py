"""A coreset around datasets, and datasets in MMDetection's wrappers."""

from mmdet.registry import DATASETS

from mmcsod.datasets import all_image_ids, leaf_datasets


def build(dataset, coreset, **kwargs):
    return DATASETS.build({'type': 'CoresetDataset', 'dataset': dataset, 'coreset': str(coreset), **kwargs})


def leaf_ids(dataset):
    return [image for ids in all_image_ids(leaf_datasets(dataset)) for image in ids]


def repeat(dataset):
    return {'type': 'RepeatDataset', 'times': 3, 'dataset': dataset}


def balanced(dataset):
    return {'type': 'ClassBalancedDataset', 'oversample_thr': 0.6, 'dataset': dataset}


def mixed(dataset):
    return {
        'type': 'MultiImageMixDataset',
        'dataset': dataset,
        'pipeline': [
            {'type': 'Mosaic', 'img_scale': (32, 32)},
            {'type': 'MixUp', 'img_scale': (32, 32)},
            {'type': 'PackDetInputs', 'meta_keys': ()},
        ],
    }


def concat(dataset):
    return {'type': 'ConcatDataset', 'datasets': [dataset]}


WRAPPERS = [repeat, balanced, mixed, concat]


def read_all(dataset, root, read_images, rounds=4):
    del read_images[:]
    for _ in range(rounds):
        for index in range(len(dataset)):
            dataset[index]
    return {path.removeprefix(f'{root}/') for path in read_images}
