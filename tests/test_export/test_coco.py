import json
import shutil
from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from pycocotools.coco import COCO

from mmcsod.export import export_coreset
from tests.test_datasets.conftest import CLASSES, COCO_PICKS, VOC_PICKS, coco_leaf, make_coreset, voc_leaf
from tests.test_export.conftest import own_format, training_config


def infos(dataset, ids=None):
    found = [dataset.get_data_info(index) for index in range(len(dataset))]
    return [
        {**info, 'sample_idx': 0}
        for info in found
        if ids is None or any(info['img_path'].endswith(image) for image in ids)
    ]


def test_everything_of_the_images_that_stay_is_kept(coco_root, coco_config, coco_coreset, tmp_path):
    export = export_coreset(coco_coreset, coco_config, 'coco', tmp_path / 'out')
    before = json.loads((coco_root / 'train.json').read_text())
    after = json.loads((tmp_path / 'out' / 'train.json').read_text())
    kept = [image for image in before['images'] if f'train/{image["file_name"]}' in COCO_PICKS]
    ids = {image['id'] for image in kept}
    assert after == {
        **before,
        'images': kept,
        'annotations': [ann for ann in before['annotations'] if ann['image_id'] in ids],
    }
    assert len(after['annotations']) == 14  # crowds, unused categories and unknown fields included
    (stray,) = [category['id'] for category in after['categories'] if category['name'] == 'stray']
    assert export.carried == {'stray': sum(ann['category_id'] == stray for ann in after['annotations'])} != {'stray': 0}


@pytest.mark.parametrize('images', ['reference', 'link', 'copy'])
def test_mmdet_reads_the_same_samples(images, coco_root, coco_config, coco_coreset, tmp_path):
    settings = export_coreset(coco_coreset, coco_config, 'coco', tmp_path / 'out', images).settings
    dataset = DATASETS.build({**coco_leaf(coco_root), **settings[0]})
    pool = DATASETS.build(coco_leaf(coco_root))
    expected, found = infos(pool, COCO_PICKS), infos(dataset)
    root = coco_root if images == 'reference' else tmp_path / 'out'
    assert [info.pop('img_path') for info in found] == [f'{root}/{image}' for image in sorted(COCO_PICKS)]
    assert found == [{key: value for key, value in info.items() if key != 'img_path'} for info in expected]
    assert dataset[0]['img'].shape == pool[0]['img'].shape
    assert (tmp_path / 'out' / 'train').exists() == (images != 'reference')
    assert all(path.is_symlink() == (images == 'link') for path in (tmp_path / 'out').glob('train/*'))


def test_indices_of_the_source_are_lifted(coco_root, tmp_path):
    leaf = coco_leaf(coco_root, indices=[2, 4, 13])
    (settings,) = export_coreset(make_coreset(COCO_PICKS[:2]), training_config(leaf), 'coco', tmp_path / 'out').settings
    assert len(DATASETS.build({**leaf, **settings})) == 2


def test_voc_is_converted(voc_root, voc_config, voc_coreset, tmp_path):
    settings = export_coreset(voc_coreset, voc_config, 'coco', tmp_path / 'out').settings
    dataset = DATASETS.build({**settings[0], 'pipeline': []})
    pools = [DATASETS.build(voc_leaf(voc_root, year)) for year in ('VOC2007', 'VOC2012')]
    expected = [info for pool in pools for info in infos(pool, VOC_PICKS)]
    found = infos(dataset)
    assert dataset.metainfo['classes'] == CLASSES
    for key in ('img_path', 'width', 'height', 'instances'):
        assert [info[key] for info in found] == [info[key] for info in expected]
    assert any(instance['ignore_flag'] for info in found for instance in info['instances'])


def test_sources_keep_their_own_files_and_ids(coco_root, tmp_path):
    content = json.loads((coco_root / 'train.json').read_text())
    numbered = [{**ann, 'id': number} for number, ann in enumerate(content['annotations'])]
    for name, chosen in (('a', content['images'][:10]), ('b', content['images'][10:])):
        ids = {image['id'] for image in chosen}
        part = {'images': chosen, 'annotations': [ann for ann in numbered if ann['image_id'] in ids]}
        (tmp_path / f'{name}.json').write_text(json.dumps({**content, **part}))
    config = training_config(*(coco_leaf(coco_root, ann_file=str(tmp_path / f'{name}.json')) for name in 'ab'))
    settings = export_coreset(make_coreset(COCO_PICKS), config, 'coco', tmp_path / 'out').settings
    assert [each['ann_file'] for each in settings] == [f'{tmp_path}/out/annotations/{name}.json' for name in 'ab']
    counts = [len(COCO(source['ann_file']).getImgIds()) for source in settings]
    assert counts == [6, 2]


def test_ignored_boxes_without_a_class_stay_ignored(coco_root, tmp_path):
    boxes = [[2, 3, 18, 20], [5, 5, 9, 9], [10, 4, 12, 14]]
    instances = [
        {'bbox': box, 'bbox_label': label, 'ignore_flag': int(label != 0)}
        for box, label in zip(boxes, (0, -1, 1), strict=True)
    ]
    config = training_config(own_format(coco_root, tmp_path / 'own.json', instances=instances))
    (settings,) = export_coreset(make_coreset(['train/0002.jpg']), config, 'coco', tmp_path / 'out').settings
    found = DATASETS.build({**settings, 'pipeline': []}).get_data_info(0)['instances']
    assert [(one['bbox'], one['ignore_flag']) for one in found] == list(zip(boxes, (0, 1, 1), strict=True))


@pytest.mark.parametrize('inside', [True, False])
def test_a_copy_of_a_set_with_absolute_file_names_works_elsewhere(inside, coco_root, tmp_path):
    """Its originals are gone, and it has been moved."""
    source, images = tmp_path / 'source', tmp_path / ('source/train' if inside else 'elsewhere')
    shutil.copytree(coco_root / 'train', images)
    content = json.loads((coco_root / 'train.json').read_text())
    for image in content['images']:
        image['file_name'] = str(images / image['file_name'])
    source.mkdir(exist_ok=True)
    (source / 'train.json').write_text(json.dumps(content))
    leaf = coco_leaf(source)
    expected = sorted(len(info['instances']) for info in infos(DATASETS.build(leaf)))[-3:]
    names = ['0002.jpg', '0005.jpg', '0008.jpg']
    ids = [f'train/{name}' if inside else str(images / name) for name in names]
    (settings,) = export_coreset(make_coreset(ids), training_config(leaf), 'coco', tmp_path / 'out', 'copy').settings
    shutil.move(tmp_path / 'out', tmp_path / 'moved')
    shutil.rmtree(source)
    shutil.rmtree(images, ignore_errors=True)
    dataset = DATASETS.build({**leaf, **settings, 'data_root': f'{tmp_path}/moved/'})
    assert [dataset[index]['img'].shape[2] for index in range(len(dataset))] == [3, 3, 3]
    assert [len(info['instances']) for info in infos(dataset)] == expected


@pytest.mark.parametrize('mode', ['reference', 'copy'])
def test_the_pool_is_divided(mode, coco_root, coco_config, coco_coreset, tmp_path):
    export_coreset(coco_coreset, coco_config, 'fiftyone', tmp_path / 'out', mode)
    root = f'{coco_root}/' if mode == 'reference' else ''
    parts = {part: json.loads((tmp_path / 'out' / f'{part}.json').read_text()) for part in ('keep', 'drop')}
    names = {part: [image['file_name'] for image in content['images']] for part, content in parts.items()}
    assert names['keep'] == sorted(f'{root}{image}' for image in COCO_PICKS)
    assert len(names['drop']) == 20 - len(COCO_PICKS)
    assert not set(names['keep']) & set(names['drop'])
    assert all((tmp_path / 'out' / 'data' / name).is_file() for part in names.values() for name in part)
    assert {annotation['image_id'] for annotation in parts['keep']['annotations']} == set(range(1, 9))


def test_the_pool_of_several_sources_is_one(voc_root, voc_config, voc_coreset, tmp_path):
    export_coreset(voc_coreset, voc_config, 'lightly', tmp_path / 'out')
    keep = json.loads((tmp_path / 'out' / 'keep.json').read_text())
    assert {image['file_name'] for image in keep['images']} == {str(Path(voc_root, image)) for image in VOC_PICKS}
