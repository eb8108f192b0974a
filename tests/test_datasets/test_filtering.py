"""Which images stay, in whatever nest of wrappers, and what becomes of the wrappers."""

import json
import pickle
from pathlib import Path

import mmdet
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmcsod.datasets import leaf_configs, leaf_datasets
from mmcsod.util.errors import UserError

from ..sets import annotation, image_entry, write_labels
from .conftest import CLASSES, COCO_PICKS, VOC_PICKS, coco_leaf, make_coreset, voc_leaf
from .nests import WRAPPERS, balanced, build, leaf_ids, mixed, read_all


@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('is_inside', [True, False])
def test_around_and_inside_a_wrapper_nothing_leaks(is_inside, wrapper, coco_root, coco_coreset, read_images):
    inside = {'type': 'CoresetDataset', 'dataset': coco_leaf(coco_root), 'coreset': str(coco_coreset)}
    dataset = DATASETS.build(wrapper(inside)) if is_inside else build(wrapper(coco_leaf(coco_root)), coco_coreset)
    assert read_all(dataset, coco_root, read_images) == set(COCO_PICKS)


# Not all nests exist: RepeatDataset, ConcatDataset and MultiImageMixDataset have no get_cat_ids for balancing, and
# the packed samples of a MultiImageMixDataset cannot be mixed again.
NESTS = [
    (outer, inner)
    for outer in WRAPPERS
    for inner in WRAPPERS
    if not (outer is balanced and inner is not balanced) and not (outer is inner is mixed)
]


@pytest.mark.parametrize(('outer', 'inner'), NESTS)
def test_around_two_wrappers_it_equals_the_same_nest_over_the_subset(outer, inner, coco_root, coco_coreset, tmp_path):
    content = json.loads((coco_root / 'train.json').read_text())
    content['images'] = [image for image in content['images'] if f'train/{image["file_name"]}' in COCO_PICKS]
    kept = {image['id'] for image in content['images']}
    content['annotations'] = [ann for ann in content['annotations'] if ann['image_id'] in kept]
    (tmp_path / 'subset.json').write_text(json.dumps(content))

    filtered = build(outer(inner(coco_leaf(coco_root))), coco_coreset)
    subset = DATASETS.build(outer(inner(coco_leaf(coco_root, ann_file=str(tmp_path / 'subset.json')))))
    assert len(filtered) == len(subset)
    found, expected = (list(map(each.get_data_info, range(len(subset)))) for each in (filtered, subset))
    assert found == expected
    assert filtered.metainfo == subset.metainfo


def test_concat_of_devkits(voc_root, voc_coreset):
    config = {'type': 'ConcatDataset', 'datasets': [voc_leaf(voc_root, 'VOC2007'), voc_leaf(voc_root, 'VOC2012')]}
    dataset = build(config, voc_coreset)
    assert leaf_ids(dataset) == sorted(VOC_PICKS)
    assert dataset.cumulative_sizes == [3, 6]
    assert [info['cumulative_sizes'] for info in dataset.metainfo] == [[3, 6], [3, 6]]
    assert dataset.get_dataset_source(4) == 1


def stock_training_set(name, voc_root):
    config = Config.fromfile(Path(mmdet.__file__).parent / '.mim' / 'configs' / name).train_dataloader.dataset
    for leaf in leaf_configs(config):
        leaf['data_root'] = f'{voc_root}/'
    return config


@pytest.mark.parametrize(
    'name', ['pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py', 'pascal_voc/faster-rcnn_r50_fpn_1x_voc0712.py']
)
def test_papers_stock_configs(name, voc_root, tmp_path, read_images):
    classes = DATASETS.get('VOCDataset').METAINFO['classes']
    make_coreset(VOC_PICKS, classes).save(tmp_path / 'coreset.json')
    dataset = build(stock_training_set(name, voc_root), tmp_path / 'coreset.json')
    assert isinstance(dataset.metainfo, list) == ('c4' in name)  # without ignore_keys the metainfo is a list
    assert read_all(dataset, voc_root, read_images, rounds=1) == set(VOC_PICKS)


def test_one_leaf_may_lose_all_its_images(voc_root, tmp_path):
    make_coreset([image for image in VOC_PICKS if image.startswith('VOC2012')]).save(tmp_path / 'coreset.json')
    config = {'type': 'ConcatDataset', 'datasets': [voc_leaf(voc_root, 'VOC2007'), voc_leaf(voc_root, 'VOC2012')]}
    dataset = build(config, tmp_path / 'coreset.json')
    assert dataset.cumulative_sizes == [0, 3]
    assert '/VOC2012/' in dataset[0]['img_path']


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_lazy_coresets_in_coresets_keep_what_both_have(wrapper, coco_root, tmp_path, read_images):
    for name, picks in (('outer', COCO_PICKS[2:5]), ('inner', COCO_PICKS[:5])):
        make_coreset(picks).save(tmp_path / f'{name}.json')
    leaf = coco_leaf(coco_root, lazy_init=True)
    inner = {'type': 'CoresetDataset', 'dataset': leaf, 'lazy_init': True, 'coreset': str(tmp_path / 'inner.json')}
    dataset = build(wrapper(inner), tmp_path / 'outer.json', lazy_init=True)
    assert read_all(dataset, coco_root, read_images) == set(COCO_PICKS[2:5])


def test_leafs_own_indices_come_first(coco_root, tmp_path):
    make_coreset(COCO_PICKS[1:4]).save(tmp_path / 'coreset.json')
    dataset = build(coco_leaf(coco_root, indices=8), tmp_path / 'coreset.json')
    assert leaf_ids(dataset) == sorted(COCO_PICKS[1:4])
    with pytest.raises(UserError, match='indices'):
        build(coco_leaf(coco_root, indices=4), tmp_path / 'coreset.json')


def test_filters_of_the_leaf_still_apply(coco_root, tmp_path):
    make_coreset(['train/0003.jpg', 'train/0005.jpg']).save(tmp_path / 'coreset.json')
    assert leaf_ids(build(coco_leaf(coco_root), tmp_path / 'coreset.json')) == ['train/0003.jpg', 'train/0005.jpg']
    with pytest.raises(UserError, match=r'1 of the 2 images .*19 training images \(train/0005\.jpg\): filter_cfg'):
        build(coco_leaf(coco_root, filter_cfg={'min_size': 32}), tmp_path / 'coreset.json')


def test_memory_falls_to_the_subsets(tmp_path):
    """What a worker receives, pickled, is what it would receive of a dataset that never had the other images."""
    for name, count in (('pool', 2000), ('subset', 20)):
        images = [image_entry(index, f'{index}.jpg', (64, 64)) for index in range(count)]
        objects = [annotation(2000 * k + i, i, 1 + k % 3, [1, 1, 20, 20]) for i in range(count) for k in range(15)]
        write_labels(tmp_path / f'{name}.json', images, objects, CLASSES)
    make_coreset([f'{index}.jpg' for index in range(20)]).save(tmp_path / 'coreset.json')
    leaves = [coco_leaf(tmp_path, ann_file=f'{name}.json', data_prefix={'img': ''}) for name in ('pool', 'subset')]
    pool, subset = (len(pickle.dumps(DATASETS.build(leaf))) for leaf in leaves)
    dataset = build(leaves[0], tmp_path / 'coreset.json')
    assert leaf_datasets(dataset)[0].data_bytes.base is None  # a copy, not a view that keeps the pool alive
    assert pool > 50 * subset
    assert len(pickle.dumps(dataset)) < 1.05 * subset + 500
