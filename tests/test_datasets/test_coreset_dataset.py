import copy
import json
import pickle
from dataclasses import replace
from pathlib import Path

import mmdet
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmcsod.coreset import Coreset
from mmcsod.datasets import all_image_ids, leaf_configs, leaf_datasets
from mmcsod.errors import UserError

from .conftest import CLASSES, COCO_PICKS, VOC_PICKS, coco_leaf, loading_pipeline, make_coreset, voc_leaf


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


@pytest.fixture
def read_images(monkeypatch):
    """The images whose annotations are read, by whatever wrapper, from the moment the fixture is called on."""
    seen = []
    original = BaseDataset.prepare_data

    def spy(self, idx):
        seen.append(self.get_data_info(idx)['img_path'])
        return original(self, idx)

    monkeypatch.setattr(BaseDataset, 'prepare_data', spy)
    return seen


def read_all(dataset, root, read_images, rounds=4):
    del read_images[:]
    for _ in range(rounds):
        for index in range(len(dataset)):
            dataset[index]
    return {path.removeprefix(f'{root}/') for path in read_images}


def test_leaf_keeps_only_the_coreset(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root), coco_coreset)
    assert leaf_ids(dataset) == sorted(COCO_PICKS)
    assert len(dataset) == len(COCO_PICKS)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_around_a_wrapper_nothing_leaks(wrapper, coco_root, coco_coreset, read_images):
    dataset = build(wrapper(coco_leaf(coco_root)), coco_coreset)
    assert read_all(dataset, coco_root, read_images) == set(COCO_PICKS)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_inside_a_wrapper_nothing_leaks(wrapper, coco_root, coco_coreset, read_images):
    inside = {'type': 'CoresetDataset', 'dataset': coco_leaf(coco_root), 'coreset': str(coco_coreset)}
    dataset = DATASETS.build(wrapper(inside))
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
    assert [filtered.get_data_info(index) for index in range(len(subset))] == [
        subset.get_data_info(index) for index in range(len(subset))
    ]
    assert filtered.metainfo == subset.metainfo


def test_class_balance_factors_are_those_of_the_subset(coco_root, tmp_path):
    # 'bird' is in a third of the pool and in half of these: only the latter fraction may count
    make_coreset(['train/0000.jpg', 'train/0003.jpg', 'train/0001.jpg', 'train/0006.jpg']).save(tmp_path / 'c.json')
    dataset = build(balanced(coco_leaf(coco_root)), tmp_path / 'c.json')
    labels = [set(dataset.dataset.dataset.get_cat_ids(index)) for index in range(4)]
    frequency = {label: sum(label in image for image in labels) / 4 for label in set().union(*labels)}
    factors = [max(max(1.0, (0.6 / frequency[label]) ** 0.5) for label in image) for image in labels]
    expected = [index for index, factor in enumerate(factors) for _ in range(-int(-factor // 1))]
    assert dataset.dataset.repeat_indices == expected
    assert len(expected) > 4


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


def test_num_images_is_a_prefix(coco_root, coco_coreset):
    assert leaf_ids(build(coco_leaf(coco_root), coco_coreset, num_images=3)) == sorted(COCO_PICKS[:3])


@pytest.mark.parametrize(
    ('nested', 'num_images', 'warned'), [(False, 3, True), (False, 8, False), (False, None, False), (True, 3, False)]
)
def test_cutting_a_coreset_that_is_not_nested_is_told(nested, num_images, warned, coco_root, coco_coreset, caplog):
    coreset = replace(Coreset.load(coco_coreset), method='full', nested=nested)
    dataset = DATASETS.get('CoresetDataset')(coco_leaf(coco_root), coreset, num_images)
    assert len(dataset) == (num_images or len(COCO_PICKS))
    assert ('The first 3 of 8 images that the method full picked are not what it picks' in caplog.text) == warned


@pytest.mark.parametrize('serialize_data', [True, False])
@pytest.mark.parametrize('lazy_leaf', [True, False])
@pytest.mark.parametrize('lazy_wrapper', [True, False])
def test_serialized_or_not_lazy_or_not(serialize_data, lazy_leaf, lazy_wrapper, coco_root, coco_coreset):
    leaf = coco_leaf(coco_root, serialize_data=serialize_data, lazy_init=lazy_leaf)
    dataset = build(repeat(leaf), coco_coreset, lazy_init=lazy_wrapper)
    dataset.full_init()
    assert len(dataset) == 3 * len(COCO_PICKS)
    assert leaf_ids(dataset) == sorted(COCO_PICKS)


def test_lazy_wrapper_initialises_itself_at_first_use(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root, lazy_init=True), coco_coreset, lazy_init=True)
    assert dataset.metainfo['classes'] == CLASSES
    assert len(dataset) == len(COCO_PICKS)


@pytest.mark.parametrize('wrapper', WRAPPERS)
def test_lazy_coresets_in_coresets_keep_what_both_have(wrapper, coco_root, tmp_path, read_images):
    for name, picks in (('outer', COCO_PICKS[2:5]), ('inner', COCO_PICKS[:5])):
        make_coreset(picks).save(tmp_path / f'{name}.json')
    inner = {
        'type': 'CoresetDataset',
        'dataset': coco_leaf(coco_root, lazy_init=True),
        'lazy_init': True,
        'coreset': str(tmp_path / 'inner.json'),
    }
    dataset = build(wrapper(inner), tmp_path / 'outer.json', lazy_init=True)
    assert read_all(dataset, coco_root, read_images) == set(COCO_PICKS[2:5])


def test_what_a_base_config_leaves_in_the_wrapper_is_one_sentence(coco_root, coco_coreset, tmp_path):
    (tmp_path / 'base.py').write_text(f'train_dataloader = dict(dataset={coco_leaf(coco_root)!r})\n')
    wrapped = {'type': 'CoresetDataset', 'dataset': coco_leaf(coco_root), 'coreset': str(coco_coreset)}
    for extra in ({}, {'_delete_': True}):
        (tmp_path / 'own.py').write_text(
            f"_base_ = 'base.py'\ntrain_dataloader = dict(dataset={ ({**wrapped, **extra})!r})\n"
        )
        config = Config.fromfile(tmp_path / 'own.py').train_dataloader.dataset
        if extra:
            assert len(DATASETS.build(config)) == len(COCO_PICKS)
        else:
            with pytest.raises(UserError, match=r'CoresetDataset was given .*ann_file.*write _delete_=True'):
                DATASETS.build(config)


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


def test_built_dataset_is_wrapped_too(coco_root, coco_coreset):
    inner = DATASETS.build(repeat(coco_leaf(coco_root)))
    dataset = DATASETS.get('CoresetDataset')(inner, coco_coreset)
    assert dataset.dataset is inner
    assert len(dataset) == 3 * len(COCO_PICKS)


def test_a_coreset_of_a_coreset(coco_root, coco_coreset, tmp_path, read_images):
    make_coreset(COCO_PICKS[2:5]).save(tmp_path / 'smaller.json')
    inside = {'type': 'CoresetDataset', 'dataset': coco_leaf(coco_root), 'coreset': str(coco_coreset)}
    dataset = build(repeat(inside), tmp_path / 'smaller.json')
    assert read_all(dataset, coco_root, read_images, rounds=1) == set(COCO_PICKS[2:5])


def test_mmengines_interface_for_wrappers(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root), coco_coreset)
    info = dataset.get_data_info(2)
    assert info['sample_idx'] == 2
    assert info['img_path'].endswith(sorted(COCO_PICKS)[2])
    assert dataset.get_cat_ids(2) == [instance['bbox_label'] for instance in info['instances']]
    assert dataset.get_data_info(-1)['img_path'].endswith(sorted(COCO_PICKS)[-1])
    for method in (dataset.get_subset, dataset.get_subset_):
        with pytest.raises(NotImplementedError, match='num_images'):
            method([0, 1])


def test_cat_ids_where_the_wrapped_wrapper_has_none(coco_root, coco_coreset):
    dataset = build(repeat(coco_leaf(coco_root)), coco_coreset)
    assert dataset.get_cat_ids(9) == dataset.dataset.dataset.get_cat_ids(1)


def test_attributes_of_the_wrapped_dataset_are_passed_through(coco_root, coco_coreset):
    dataset = build(mixed(coco_leaf(coco_root)), coco_coreset)
    dataset.update_skip_type_keys(['Mosaic'])  # YOLOXModeSwitchHook does this
    assert dataset.dataset._skip_type_keys == ['Mosaic']
    with pytest.raises(AttributeError):
        dataset.no_such_attribute  # noqa: B018


@pytest.mark.parametrize('clone', [copy.deepcopy, lambda dataset: pickle.loads(pickle.dumps(dataset))])
def test_copies_are_filtered_too(clone, coco_root, coco_coreset):
    dataset = clone(build(repeat(coco_leaf(coco_root)), coco_coreset))
    assert leaf_ids(dataset) == sorted(COCO_PICKS)
    assert len(dataset) == 3 * len(COCO_PICKS)


def test_memory_falls_to_the_subsets(tmp_path):
    """What a worker receives, pickled, is what it would receive of a dataset that never had the other images."""
    images = [{'id': index, 'file_name': f'{index}.jpg', 'width': 64, 'height': 64} for index in range(2000)]
    annotations = [
        {
            'id': len(images) * k + image['id'],
            'image_id': image['id'],
            'category_id': 1 + k % 3,
            'bbox': [1, 1, 20, 20],
            'area': 400,
            'iscrowd': 0,
        }
        for image in images
        for k in range(15)
    ]
    categories = [{'id': index + 1, 'name': name} for index, name in enumerate(CLASSES)]
    for name, count in (('pool', 2000), ('subset', 20)):
        (tmp_path / f'{name}.json').write_text(
            json.dumps(
                {
                    'images': images[:count],
                    'categories': categories,
                    'annotations': [ann for ann in annotations if ann['image_id'] < count],
                }
            )
        )
    make_coreset([f'{index}.jpg' for index in range(20)]).save(tmp_path / 'coreset.json')
    leaf = {
        'type': 'CocoDataset',
        'data_root': str(tmp_path),
        'data_prefix': {'img': ''},
        'metainfo': {'classes': CLASSES},
    }
    pool, subset = (
        len(pickle.dumps(DATASETS.build({**leaf, 'ann_file': f'{name}.json'}))) for name in ('pool', 'subset')
    )
    dataset = build({**leaf, 'ann_file': 'pool.json'}, tmp_path / 'coreset.json')
    assert leaf_datasets(dataset)[0].data_bytes.base is None  # a copy, not a view that keeps the pool alive
    assert pool > 50 * subset
    assert len(pickle.dumps(dataset)) < 1.05 * subset + 500


class TestErrors:
    def test_ids_that_do_not_match(self, coco_root, tmp_path):
        make_coreset([f'val/{index}.jpg' for index in range(5)]).save(tmp_path / 'c.json')
        message = (
            r'5 of the 5 images of the coreset are not among the 20 training images \(val/0\.jpg, val/1\.jpg, '
            r'val/2\.jpg and 2 more\): the dataset names its images like train/'
        )
        with pytest.raises(UserError, match=message):
            build(coco_leaf(coco_root), tmp_path / 'c.json')

    def test_only_a_part_of_the_training_set_is_wrapped(self, voc_root, voc_coreset):
        with pytest.raises(UserError, match=r'3 of the 6 images .* only a part of its training set is wrapped'):
            build(voc_leaf(voc_root, 'VOC2007'), voc_coreset)

    def test_other_classes(self, coco_root, tmp_path):
        make_coreset(COCO_PICKS, ('cat', 'dog', 'horse')).save(tmp_path / 'c.json')
        with pytest.raises(UserError, match='bird, horse are in only one of them'):
            build(coco_leaf(coco_root), tmp_path / 'c.json')

    def test_prefix_longer_than_the_coreset(self, coco_root, coco_coreset):
        with pytest.raises(UserError, match='prefix of 9 images was asked of a coreset that has 8'):
            build(coco_leaf(coco_root), coco_coreset, num_images=9)

    def test_not_a_coreset(self, coco_root):
        with pytest.raises(UserError, match='is not a coreset file'):
            build(coco_leaf(coco_root), coco_root / 'train.json')

    def test_empty_coreset(self, coco_root, coco_coreset):
        content = json.loads(coco_coreset.read_text())
        del content['sha256']
        coco_coreset.write_text(json.dumps({**content, 'picks': []}))
        with pytest.raises(UserError, match='no images'):
            build(coco_leaf(coco_root), coco_coreset)

    def test_newer_version(self, coco_root, coco_coreset):
        content = json.loads(coco_coreset.read_text())
        coco_coreset.write_text(json.dumps({**content, 'version': 99}))
        with pytest.raises(UserError, match='upgrade mmcsod'):
            build(coco_leaf(coco_root), coco_coreset)

    def test_test_sets_are_never_touched(self, coco_root, coco_coreset):
        with pytest.raises(UserError, match='test_mode=True'):
            build(coco_leaf(coco_root, test_mode=True), coco_coreset)


def test_loading_pipeline_is_the_leafs_own(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root), coco_coreset)
    assert dataset[0]['img'].shape[2] == 3
    assert len(loading_pipeline()) == len(leaf_datasets(dataset)[0].pipeline.transforms)
