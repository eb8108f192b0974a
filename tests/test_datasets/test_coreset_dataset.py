"""The wrapper itself: building it, using it as a dataset, and what it refuses."""

import copy
import pickle
from dataclasses import replace

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError

from .conftest import CLASSES, COCO_PICKS, coco_leaf, make_coreset, voc_leaf
from .nests import build, leaf_ids, mixed, repeat


@pytest.mark.parametrize(
    ('nested', 'num_images', 'warned'), [(False, 3, True), (False, 8, False), (False, None, False), (True, 3, False)]
)
def test_cutting_a_coreset_that_is_not_nested_is_told(nested, num_images, warned, coco_root, coco_coreset, caplog):
    coreset = replace(Coreset.load(coco_coreset), method='full', nested=nested)
    dataset = DATASETS.get('CoresetDataset')(coco_leaf(coco_root), coreset, num_images)
    assert leaf_ids(dataset) == sorted(COCO_PICKS[:num_images])
    assert len(dataset) == (num_images or len(COCO_PICKS))
    assert ('The first 3 of 8 images that the method full selected are not what it selects' in caplog.text) == warned


@pytest.mark.parametrize('serialize_data', [True, False])
@pytest.mark.parametrize('lazy_leaf', [True, False])
@pytest.mark.parametrize('lazy_wrapper', [True, False])
def test_serialized_or_not_lazy_or_not(serialize_data, lazy_leaf, lazy_wrapper, coco_root, coco_coreset):
    leaf = coco_leaf(coco_root, serialize_data=serialize_data, lazy_init=lazy_leaf)
    dataset = build(repeat(leaf), coco_coreset, lazy_init=lazy_wrapper)
    assert dataset.metainfo['classes'] == CLASSES
    assert len(dataset) == 3 * len(COCO_PICKS)
    assert leaf_ids(dataset) == sorted(COCO_PICKS)


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


def test_built_dataset_is_wrapped_too(coco_root, coco_coreset):
    inner = DATASETS.build(repeat(coco_leaf(coco_root)))
    dataset = DATASETS.get('CoresetDataset')(inner, coco_coreset)
    assert dataset.dataset is inner
    assert len(dataset) == 3 * len(COCO_PICKS)


def test_mmengines_interface_for_wrappers(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root), coco_coreset)
    info = dataset.get_data_info(2)
    assert info['sample_idx'] == 2
    assert info['img_path'].endswith(sorted(COCO_PICKS)[2])
    assert dataset.get_cat_ids(2) == [instance['bbox_label'] for instance in info['instances']]
    repeated = build(repeat(coco_leaf(coco_root)), coco_coreset)  # of a wrapper that has no get_cat_ids
    assert repeated.get_cat_ids(len(COCO_PICKS) + 2) == dataset.get_cat_ids(2)
    assert dataset.get_data_info(-1)['img_path'].endswith(sorted(COCO_PICKS)[-1])
    for method in (dataset.get_subset, dataset.get_subset_):
        with pytest.raises(NotImplementedError, match='num_images'):
            method([0, 1])


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

    def test_test_sets_are_never_touched(self, coco_root, coco_coreset):
        with pytest.raises(UserError, match='test_mode=True'):
            build(coco_leaf(coco_root, test_mode=True), coco_coreset)
