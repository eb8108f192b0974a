import json
from dataclasses import replace

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from mmcsod.records import bank as bank_module
from mmcsod.records import bank_files
from mmcsod.records.arrays import write_array
from mmcsod.records.bank import LABEL_SCORE_DTYPE, OBJECT_DTYPE, ROW_DTYPE

BOX = (0, 0, 1, 1)
OBJECTS = [(0, 1, False), (0, 0, False), (2, 1, True), (2, 1, False), (2, 0, False), (2, 1, False)]


def make_bank(dtype=np.float32):
    rng = np.random.default_rng(0)
    rows = np.array([(0, 0, 1), (2, 0, 1), (0, 1, 1), (2, 1, 2)], ROW_DTYPE)
    objects = np.zeros(len(OBJECTS), OBJECT_DTYPE)
    for i, (image, label, ignored) in enumerate(OBJECTS):
        objects[i] = (image, label, (i, 0, i + 4, 3), 12, ignored)
    return FeatureBank(
        vectors=rng.normal(size=(4, 3)).astype(dtype),
        rows=rows,
        images=('a.jpg', 'b.jpg', 'sub/c.jpg'),
        classes=('x', 'y'),
        image_vectors=rng.normal(size=(3, 5)).astype(np.float32),
        objects=objects,
        object_vectors=np.arange(15, dtype=dtype).reshape(5, 3),
        label_scores=np.array([(0.9, 0.1, 1, 0.8, BOX)] * 4 + [(0.4, 0.6, 0, 0.7, BOX)], LABEL_SCORE_DTYPE),
        sizes=np.array([(640, 480), (480, 640), (0, 0)], np.int32),
        orientations=np.array([1, 6, 0], np.uint8),
        pixels=np.arange(3072).astype(np.uint8).reshape(3, 32, 32),
        provenance={'tap': 'roi'},
    )


MADE = [name for name in bank_files.ARRAYS if getattr(make_bank(), name) is not None]


@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_what_is_saved_is_what_is_loaded(tmp_path, dtype):
    bank = make_bank(dtype)
    bank.save(tmp_path / 'deep' / 'features')
    loaded = FeatureBank.load(tmp_path / 'deep' / 'features')
    for name in MADE:
        saved, read = getattr(bank, name), getattr(loaded, name)
        assert read.dtype == saved.dtype
        np.testing.assert_array_equal(read, saved)
    assert (loaded.images, loaded.classes, loaded.provenance) == (bank.images, bank.classes, bank.provenance)
    assert isinstance(loaded.vectors, np.memmap)
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['features']


def test_from_arrays_gives_the_same_back_row_by_row():
    rows = ['b', 'a', 'b', 'c'], [1, 0, 0, 1], ['x', 'y']
    bank = FeatureBank.from_arrays(np.arange(8.0).reshape(4, 2), *rows)
    assert bank.vectors.dtype == np.float32
    np.testing.assert_array_equal(bank.vectors.ravel(), range(8))
    for vectors in (bank.vectors, bank.vectors.astype(np.float16)):
        assert FeatureBank.from_arrays(vectors, *rows).vectors is vectors
    assert bank.image_ids.tolist() == ['b', 'a', 'b', 'c']
    assert bank.labels.tolist() == [1, 0, 0, 1]
    assert bank.classes == ('x', 'y')
    assert bank.images == ('b', 'a', 'c')
    assert len(bank) == 4


def test_objectwise_rows_are_the_objects_that_are_not_ignored():
    rows = make_bank().objectwise()
    assert rows.labels.tolist() == [1, 0, 1, 0, 1]
    assert rows.image_ids.tolist() == ['a.jpg', 'a.jpg', 'sub/c.jpg', 'sub/c.jpg', 'sub/c.jpg']
    assert rows.vectors[:, 0].tolist() == [0, 3, 6, 9, 12]
    assert rows.rows['count'].tolist() == [1] * 5


@pytest.mark.parametrize(
    ('vectors', 'ids', 'labels', 'message'),
    [
        (np.ones((3, 2)), 'ab', [0, 0], 'given 3 vectors, 2 image ids and 2 labels'),
        (np.ones(2), 'ab', [0, 0], 'must be a 2-d array .* not 1-d'),
        (np.ones((2, 2)), 'ab', [0, 2], r'rows name a label outside 0\.\.1'),
        (np.ones((2, 2)), 'ab', [0, -1], r'rows name a label outside 0\.\.1'),
        (np.ones((2, 2)), 'ab', ['y', 'x'], 'labels like "y"; give whole numbers'),
        (np.ones((2, 2)), 'ab', [0.5, 1], r'labels like "0\.5"'),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(vectors, ids, labels, message):
    with pytest.raises(UserError, match=message):
        FeatureBank.from_arrays(vectors, ids, labels, ['x', 'y'])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'vectors': np.zeros((5, 3), np.float32)}, '5 vectors but 4 table rows'),
        ({'image_vectors': np.zeros((2, 5), np.float32)}, '2 image vectors but 3 images'),
        ({'label_scores': np.zeros(6, LABEL_SCORE_DTYPE)}, '6 label scores but 5 objects that are not ignored'),
        (
            {'label_scores': np.array([(0.1, 0.2, 2, 0.5, BOX)] * 5, LABEL_SCORE_DTYPE)},
            r'label scores name a other_label outside -1\.\.1',
        ),
        ({'object_vectors': np.zeros((6, 3), np.float32)}, '6 object vectors but 5 objects that are not ignored'),
        (
            {'sizes': np.zeros((2, 2), np.int32)},
            r"bank's sizes are int32 of shape \(2, 2\), not int32 of shape \(3, 2\)",
        ),
        ({'vectors': np.zeros((4, 3))}, 'must be float32 or float16, not float64'),
        ({'rows': np.zeros((4, 3), int)}, "bank's rows have the columns int64, not"),
        ({'images': ('a.jpg',)}, 'rows name a image outside'),
        ({'images': ('a.jpg', 'b.jpg', 'a.jpg')}, "names the image 'a.jpg' twice"),
    ],
)
def test_tables_that_disagree_are_refused(change, message):
    bank = make_bank()
    if 'images' in change:
        change = {**change, 'image_vectors': None, 'sizes': None, 'orientations': None, 'pixels': None}
    with pytest.raises(UserError, match=message):
        replace(bank, **change)


def test_folders_that_are_no_bank_are_refused(tmp_path):
    with pytest.raises(UserError, match='There is no feature bank in'):
        FeatureBank.load(tmp_path / 'none')
    (tmp_path / 'meta.json').write_text('[]')
    with pytest.raises(UserError, match='is not a feature bank'):
        FeatureBank.load(tmp_path)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [
        ('meta.json', {'format': 'mmcsod-feature-bank', 'version': 2}, 'version 2 and this mmcsod reads version 1'),
        ('meta.json', {'format': 'mmcsod-feature-bank', 'version': 1}, 'or a damaged one'),
        ('images.json', [['a'], 'b', 'c'], 'or a damaged one'),
    ],
)
def test_damaged_json_is_refused(tmp_path, name, content, message):
    make_bank().save(tmp_path / 'features')
    (tmp_path / 'features' / name).write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        FeatureBank.load(tmp_path / 'features')


def test_input_of_from_arrays_that_is_taken_otherwise_than_expected_is_told(caplog):
    vectors = np.ones((3, 2), np.float32)
    bank = FeatureBank.from_arrays(vectors, [7, 8, 7], [0, 0, 0], ['cat'])
    assert bank.images == ('7', '8')
    assert "Image ids were given as int, like 7: the bank and its coresets have them as text, '7'." in caplog.text
    assert "1 of 3 rows are of an image and a class that have another row, first of '7', 'cat'" in caplog.text
    caplog.clear()
    FeatureBank.from_arrays(vectors, ['7', '8', '7'], [0, 0, 1], ['cat', 'dog'])
    assert not caplog.text


@pytest.mark.parametrize(
    ('name', 'use'),
    [
        ('vectors.npy', lambda bank: select_coreset(bank, num_images=1)),
        ('object_vectors.npy', lambda bank: select_coreset(bank, num_images=1, method='csod-objectwise')),
        ('image_vectors.npy', lambda bank: select_coreset(bank, num_images=1, method='herding')),
    ],
)
def test_one_changed_bit_of_vectors_is_told_before_anything_is_selected(name, use, tmp_path):
    make_bank().save(tmp_path / 'features')
    use(FeatureBank.load(tmp_path / 'features'))
    content = bytearray((tmp_path / 'features' / name).read_bytes())
    content[-4] ^= 1
    (tmp_path / 'features' / name).write_bytes(content)
    with pytest.raises(UserError, match='checksum'):
        use(FeatureBank.load(tmp_path / 'features'))


def change_meta(folder, without=(), **entries):
    """Change entries of a bank's meta.json, or take them out."""
    meta = json.loads((folder / 'meta.json').read_text()) | entries
    (folder / 'meta.json').write_text(json.dumps({key: meta[key] for key in meta if key not in without}))


def test_banks_of_older_versions_are_read(tmp_path):
    make_bank().save(tmp_path / 'features')
    change_meta(tmp_path / 'features', without=('sha256', 'files', 'block_rows', 'blocks'))
    bank = FeatureBank.load(tmp_path / 'features')
    assert bank.block_checksums(0, 0, 1) == ()
    select_coreset(bank, num_images=2)


MIXED = (np.random.default_rng(0).normal(size=(40, 3)), [f'{i}' for i in range(40)], [i % 3 for i in range(40)], 'xyz')


def test_rows_are_saved_class_by_class_and_picks_stay(tmp_path):
    given = FeatureBank.from_arrays(*MIXED)
    given.save(tmp_path / 'features')
    bank = FeatureBank.load(tmp_path / 'features')
    order = np.argsort(MIXED[2], kind='stable')
    np.testing.assert_array_equal(bank.rows, given.rows[order])
    np.testing.assert_array_equal(bank.vectors, given.vectors[order])
    assert select_coreset(bank, num_images=20) == select_coreset(given, num_images=20)


def test_a_flipped_bit_is_found_in_a_bank_of_version_0_1(tmp_path, monkeypatch):
    """It has its rows as they were given, and no checksums of blocks where classes were mixed."""
    monkeypatch.setattr(bank_module.np, 'argsort', lambda labels, kind: np.arange(len(labels)))
    monkeypatch.setattr(bank_files, 'block_checksums', lambda *_: [])
    FeatureBank.from_arrays(*MIXED).save(tmp_path / 'features')
    monkeypatch.undo()
    path = tmp_path / 'features' / 'vectors.npy'
    content = bytearray(path.read_bytes())
    select_coreset(FeatureBank.load(tmp_path / 'features'), num_images=4)
    content[-4] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match='checksum'):
        select_coreset(FeatureBank.load(tmp_path / 'features'), num_images=4)


def test_label_scores_of_version_0_1_are_read(tmp_path):
    bank, folder = make_bank(), tmp_path / 'features'
    bank.save(folder)
    old = np.empty(5, LABEL_SCORE_DTYPE.descr[:-1])
    for name in old.dtype.names:
        old[name] = bank.label_scores[name]
    (folder / 'label_scores.npy').unlink()
    files = json.loads((folder / 'meta.json').read_text())['files']
    del files['label_scores.npy']
    files['judgements.npy'] = write_array(folder / 'judgements.npy', old)
    change_meta(folder, without=('sha256',), files=files)
    loaded = FeatureBank.load(folder).label_scores
    np.testing.assert_array_equal(loaded[list(old.dtype.names)], bank.label_scores[list(old.dtype.names)])
    assert np.isnan(loaded['refined']).all()
