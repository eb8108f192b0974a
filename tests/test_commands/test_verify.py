import hashlib

import pytest

from mmcsod.commands import main
from tests.test_records.test_bank import make_bank
from tests.test_records.test_coreset import coreset  # noqa: F401


def verify(path, capsys, *more):
    with pytest.raises(SystemExit) as end:
        main(['verify', str(path), *more])
    out, err = capsys.readouterr()
    return end.value.code or 0, out or err


def test_what_is_whole_is_told_so(coreset, tmp_path, capsys):  # noqa: F811
    make_bank().save(tmp_path / 'features')
    status, said = verify(tmp_path / 'features', capsys)
    assert (status, 'files and meta.json are as they were written.' in said) == (0, True)
    coreset.save(tmp_path / 'coreset.json')
    status, said = verify(tmp_path / 'coreset.json', capsys)
    assert (status, 'It is well-formed' in said) == (0, True)


@pytest.mark.parametrize('line', ['{sum}  somewhere/coreset.json', '{sum} *coreset.json'])
def test_a_coreset_is_compared_with_a_list_of_checksums(line, coreset, tmp_path, capsys):  # noqa: F811
    path, sums = tmp_path / 'coreset.json', tmp_path / 'SHA256SUMS'
    coreset.save(path)
    sums.write_text(f'{"0" * 64}  other.json\n{line.format(sum=hashlib.sha256(path.read_bytes()).hexdigest())}\n')
    status, said = verify(path, capsys, '--sha256', str(sums))
    assert (status, 'It has the checksum' in said) == (0, True)
    coreset.prefix(1).save(path)
    status, said = verify(path, capsys, '--sha256', str(sums))
    assert (status, 'has another checksum than' in said) == (2, True)
    sums.write_text('')
    assert verify(path, capsys, '--sha256', str(sums))[0] == 2


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


def test_vectors_that_are_not_finite_are_found(tmp_path, capsys):
    bank = make_bank()
    bank.vectors[2, 1] = float('nan')
    bank.save(tmp_path / 'features')
    status, said = verify(tmp_path / 'features', capsys)
    assert (status, 'vectors.npy holds NaN or infinity in rows 0 to' in said) == (2, True)
