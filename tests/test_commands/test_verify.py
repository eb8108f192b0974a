import json

import pytest

from mmcsod.commands import main
from tests.test_records.test_bank import make_bank
from tests.test_records.test_coreset import coreset  # noqa: F401


def verify(path, capsys):
    with pytest.raises(SystemExit) as end:
        main(['verify', str(path)])
    out, err = capsys.readouterr()
    return end.value.code or 0, out or err


def test_what_is_whole_is_told_so(coreset, tmp_path, capsys):  # noqa: F811
    make_bank().save(tmp_path / 'features')
    status, said = verify(tmp_path / 'features', capsys)
    assert (status, 'All 7 files and meta.json are as they were written.' in said) == (0, True)
    coreset.save(tmp_path / 'coreset.json')
    status, said = verify(tmp_path / 'coreset.json', capsys)
    assert (status, 'It is as it was written.' in said) == (0, True)


@pytest.mark.parametrize(
    'name',
    ['vectors.npy', 'rows.npy', 'image_vectors.npy', 'objects.npy', 'object_vectors.npy', 'images.json', 'meta.json'],
)
def test_any_changed_bit_is_found(name, tmp_path, capsys):
    make_bank().save(tmp_path / 'features')
    path = tmp_path / 'features' / name
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 4
    path.write_bytes(content)
    status, said = verify(tmp_path / 'features', capsys)
    assert status == 2
    assert said.startswith('error: ')
    assert name in said
    assert len(said.splitlines()) == 1


def test_what_has_no_checksum_is_told_so(coreset, tmp_path, capsys):  # noqa: F811
    coreset.save(tmp_path / 'coreset.json')
    content = json.loads((tmp_path / 'coreset.json').read_text())
    del content['sha256']
    (tmp_path / 'coreset.json').write_text(json.dumps(content))
    assert 'it has no checksum' in verify(tmp_path / 'coreset.json', capsys)[1]


def test_vectors_that_are_not_finite_are_found(tmp_path, capsys):
    bank = make_bank()
    bank.vectors[2, 1] = float('nan')
    bank.save(tmp_path / 'features')
    status, said = verify(tmp_path / 'features', capsys)
    assert (status, 'vectors.npy holds NaN or infinity in rows 0 to' in said) == (2, True)
