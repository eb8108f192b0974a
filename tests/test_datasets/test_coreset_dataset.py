from mmdet.registry import DATASETS

from mmcsod.datasets import all_image_ids, leaf_datasets

from .conftest import COCO_PICKS, VOC_PICKS, coco_leaf, voc_leaf


def build(dataset, coreset, **kwargs):
    return DATASETS.build({'type': 'CoresetDataset', 'dataset': dataset, 'coreset': str(coreset), **kwargs})


def leaf_ids(dataset):
    return [image for ids in all_image_ids(leaf_datasets(dataset)) for image in ids]


def test_leaf_keeps_only_the_coreset(coco_root, coco_coreset):
    dataset = build(coco_leaf(coco_root), coco_coreset)
    assert leaf_ids(dataset) == sorted(COCO_PICKS)
    assert len(dataset) == len(COCO_PICKS)


def test_num_images_is_a_prefix(coco_root, coco_coreset):
    assert leaf_ids(build(coco_leaf(coco_root), coco_coreset, num_images=3)) == sorted(COCO_PICKS[:3])


def test_concat_of_devkits(voc_root, voc_coreset):
    concat = {'type': 'ConcatDataset', 'datasets': [voc_leaf(voc_root, 'VOC2007'), voc_leaf(voc_root, 'VOC2012')]}
    dataset = build(concat, voc_coreset)
    assert leaf_ids(dataset) == sorted(VOC_PICKS)
    assert dataset.cumulative_sizes == [3, 6]
