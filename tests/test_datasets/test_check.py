"""Datasets and evaluators of a config read a corrected copy; the user's file stays as it is."""

import json
import shutil

import pytest
from mmengine.config import Config

from mmcsod.datasets.check import check_config, check_settings, use_checked_labels
from mmcsod.datasets.check_leaf import check_leaf
from mmcsod.util.console import TRACEBACK
from mmcsod.util.errors import UserError
from tests.test_labels.test_check.labels import PLAIN, broken

from .conftest import voc_leaf


@pytest.fixture
def config(tmp_path):
    def write(content, **leaf):
        (tmp_path / 'train.json').write_bytes(b'\xef\xbb\xbf' + json.dumps(content).encode())
        dataset = {'type': 'CocoDataset', 'data_root': str(tmp_path), 'ann_file': 'train.json',
                   'metainfo': {'classes': ('disc', 'café')}, 'data_prefix': {'img': ''}, **leaf}  # fmt: skip
        metric = {'type': 'CocoMetric', 'ann_file': f'{tmp_path}/train.json'}
        repeated = {'type': 'RepeatDataset', 'times': 2, 'dataset': dataset}
        return Config({
            'train_dataloader': {'dataset': repeated}, 'val_dataloader': {'dataset': {**dataset, 'test_mode': True}},
            'val_evaluator': [metric], 'model': {'bbox_head': {'num_classes': 2}},
        })  # fmt: skip

    return write


def test_a_copy_is_read_by_datasets_and_evaluators(config, tmp_path):
    read = config(PLAIN)
    before = (tmp_path / 'train.json').read_bytes()
    originals = use_checked_labels(read, tmp_path / 'labels', ('train', 'val'))
    copy = str(tmp_path / 'labels' / 'train.json')
    assert originals == {copy: str(tmp_path / 'train.json')}
    leaf = read.train_dataloader.dataset.dataset
    assert {leaf.ann_file, read.val_dataloader.dataset.ann_file, read.val_evaluator[0].ann_file} == {copy}
    assert json.loads((tmp_path / 'labels' / 'train.json').read_text(encoding='ascii')) == PLAIN
    assert (tmp_path / 'train.json').read_bytes() == before


def test_objects_of_other_classes_are_counted(config):
    read = config(PLAIN, metainfo={'classes': ('disc',)})
    (checked,) = check_config(read, ('train',), look_for_images=False)
    assert ('other classes', 5, ('"caf\\u00e9": 5',)) in [
        (one.kind, one.count, one.examples) for one in checked.findings
    ]


def test_errors_refuse_and_write_nothing(config, tmp_path):
    read = config(broken(lambda content: content['annotations'][0].update(bbox=None)))
    with pytest.raises(UserError, match=r'1 objects whose bbox .*annotation 1 in .*: bbox null'):
        use_checked_labels(read, tmp_path / 'labels')
    assert not (tmp_path / 'labels').exists()


@pytest.mark.parametrize(
    ('leaf', 'kind'),
    [
        ({'ann_file': ['a.json', 'b.json']}, 'not a file'),
        ({'ann_file': 'none.json'}, 'missing file'),
        ({'metainfo': {'CLASSES': ('disc',)}}, 'classes'),
        ({'metainfo': {'classes': ('disc', 'cafe')}}, 'classes'),
        ({'metainfo': {'classes': ('disc',)}}, 'num_classes'),
        ({'data_root': 'http://example.org/set/'}, 'storage'),
        ({'backend_args': {'backend': 'lmdb', 'db_path': 'x'}}, 'storage'),
    ],
)
def test_settings_that_cannot_work_are_found(leaf, kind, config):
    read = config(PLAIN, **leaf)
    checked = check_config(read)
    kinds = {one.kind for file in checked for one in file.findings} | {
        one.kind for one in check_settings(read, checked)
    }
    assert kind in kinds


def test_labels_beside_the_config_are_pointed_to_from_another_folder(config, tmp_path, monkeypatch):
    read = config(PLAIN, data_root='')
    (tmp_path / 'config.py').write_text(read.pretty_text)
    (tmp_path / 'elsewhere').mkdir()
    monkeypatch.chdir(tmp_path / 'elsewhere')
    (checked,) = check_config(Config.fromfile(str(tmp_path / 'config.py')), ('train',))
    assert checked.findings[0].examples == (f'train.json: there is {tmp_path}/train.json',)


def test_a_namesake_of_another_set_is_not_pointed_to(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read = config(PLAIN, data_root='', ann_file='mine/train.json')
    (tmp_path / 'other').mkdir()
    (tmp_path / 'train.json').rename(tmp_path / 'other' / 'train.json')
    (checked,) = check_config(read, ('train',))
    assert checked.findings[0].examples == ('mine/train.json',)


def test_voc_images_in_another_format_have_a_remedy_of_their_own(voc_root, tmp_path):
    root = shutil.copytree(voc_root, tmp_path / 'voc')
    names = (root / 'VOC2007/ImageSets/Main/trainval.txt').read_text().split()
    path = root / 'VOC2007/JPEGImages' / f'{names[0]}.jpg'
    path.rename(path.with_suffix('.png'))
    (root / 'VOC2007/JPEGImages' / f'{names[1]}.jpg').unlink()
    found = {
        one.kind: one for one in check_leaf(voc_leaf(root, 'VOC2007')).findings if one.kind != 'image without objects'
    }
    assert {kind: one.count for kind, one in found.items()} == {'not .jpg': 1, 'missing image': 1}
    assert found['not .jpg'].examples == (f'{path}: there is {names[0]}.png',)


def test_parts_of_a_set_must_share_their_classes_unless_they_cannot_be_read(config):
    read = config(PLAIN)
    leaf = read.train_dataloader.dataset.dataset
    for part, joinable in (({'ann_file': 'none.json'}, True), ({'metainfo': {'classes': ('disc',)}}, False)):
        read.train_dataloader.dataset = {'type': 'ConcatDataset', 'datasets': [leaf, {**leaf, **part}]}
        kinds = {one.kind for one in check_settings(read, check_config(read, ('train',)))}
        assert ('not joinable' not in kinds) == joinable


@pytest.mark.parametrize(('name', 'kinds'), [('train', {'no objects'}), ('test', set())])
def test_images_to_be_tested_need_no_annotations(name, kinds, config):
    read = config(broken(lambda content: content.pop('annotations')))
    read[f'{name}_dataloader'] = read.pop('val_dataloader')
    checked = check_config(read, (name,), look_for_images=False)
    assert {one.kind for file in checked for one in file.findings} == {'re-encoded', *kinds}


def test_a_format_that_is_not_looked_into_is_named_by_the_check_alone(config, tmp_path, caplog):
    read = config(PLAIN, type='LVISV1Dataset')
    assert [(one.kind, one.examples) for one in check_config(read, ('train',))[0].findings] == [
        ('not looked into', ('LVISV1Dataset',))
    ]
    assert use_checked_labels(read, tmp_path / 'labels', ('train',)) == {}
    assert not caplog.records


def test_the_traceback_of_a_dataset_that_cannot_be_built_is_shown_on_request(monkeypatch, capsys):
    for asked in ('', '1'):
        monkeypatch.setenv(TRACEBACK, asked)
        (found,) = check_leaf({'type': 'CocoDataset', 'data_prefix': 3}).findings
        assert found.kind == 'dataset'
        assert capsys.readouterr().err.startswith('Traceback') == bool(asked)
