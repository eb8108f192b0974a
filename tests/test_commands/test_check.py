import json

import pytest

from mmcsod.commands import main
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


def test_what_is_not_there_cannot_be_checked(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['check', str(tmp_path / 'none.json')])
    assert ended.value.code == 2
    assert 'There is no config' in capsys.readouterr().err
