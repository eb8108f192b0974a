import json
import shutil

import pytest

from mmcsod.commands import main
from tests.test_datasets.conftest import voc_root  # noqa: F401
from tests.test_features.conftest import write_coco


def cut(text):
    return text[: len(text) // 2]


@pytest.mark.parametrize(
    ('change', 'status', 'kinds'),
    [
        (str, 0, []),
        (cut, 1, ['unreadable labels']),
        (lambda text: text.replace('"width": 160', '"width": 0'), 0, ['size']),
        (lambda text: text.replace('"image_id": 1,', '"image_id": "1",'), 1, ['id of another type']),
    ],
)
def test_the_status_says_whether_a_training_is_stopped(change, status, kinds, tmp_path, capsys):
    write_coco(tmp_path, 3)
    labels = tmp_path / 'train.json'
    labels.write_text(change(labels.read_text()))
    with pytest.raises(SystemExit) as ended:
        main(['check', str(labels), '--images', str(tmp_path / 'images'), '--json'])
    found = {one['kind'] for one in json.loads(capsys.readouterr().out)}
    assert (ended.value.code or 0, set(kinds) - found, bool(kinds) == bool(found)) == (status, set(), True)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['none.json'], 'There are neither labels nor a config none.json'),
        (['none.py'], 'There is no config none.py'),
        (['train.json', '--images', 'none'], 'There is no folder none'),
    ],
)
def test_what_is_not_there_cannot_be_checked(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_coco(tmp_path, 3)
    with pytest.raises(SystemExit) as ended:
        main(['check', *words])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_labels_that_become_coco_json_are_named_themselves(voc_root, tmp_path, capsys):  # noqa: F811
    folder = shutil.copytree(voc_root / 'VOC2007', tmp_path / 'mine')
    xml = folder / 'Annotations' / '000003.xml'
    xml.write_text(xml.read_text().replace('<xmax>20<', '<xmax>2<'))
    with pytest.raises(SystemExit):
        main(['check', str(folder), '--json'])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found['sets'], found['file'], found['count']) == ('train', str(folder), 1)
