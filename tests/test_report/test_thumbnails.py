import base64
import io
from dataclasses import replace

import numpy as np
from PIL import Image

from mmcsod import FeatureBank
from mmcsod.report import thumbnails
from mmcsod.report.thumbnails import make_thumbnails


def make_bank(names):
    return FeatureBank.from_arrays(np.ones((len(names), 2)), list(names), [0] * len(names), ['x'])


def write(root, names, size=(400, 300), **options):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    for name in names:
        Image.fromarray(pixels).save(root / name, **options)


def opened(uri):
    head, _, body = uri.partition(',')
    assert head == 'data:image/webp;base64'
    return Image.open(io.BytesIO(base64.b64decode(body)))


def test_picks_are_larger_than_the_rest(tmp_path):
    write(tmp_path, names := ['a.png', 'b.jpg', 'c.png'])
    made = make_thumbnails(make_bank(names), tmp_path, [1], [0, 1, 0])
    assert {image: opened(uri).size for image, uri in made.images.items()} == {1: (320, 240), 0: (144, 108)}
    assert made.sizes[1] == (400, 300)
    assert (made.unreadable, made.left_out) == ([], 0)


def test_the_budget_holds_and_what_found_no_room_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, 'CHUNK', 2)
    write(tmp_path, names := [f'{number}.png' for number in range(12)])
    made = make_thumbnails(make_bank(names), tmp_path, [0], range(12), budget=60_000)
    assert sum(map(len, made.images.values())) <= 60_000
    assert 1 <= len(made.images) < 12
    assert 0 in made.images
    assert len(made.images) + made.left_out == 12
    monkeypatch.setattr(thumbnails, 'MOST', 3)
    made = make_thumbnails(make_bank(names), tmp_path, [5], range(6))
    assert (sorted(made.images), made.left_out) == ([0, 1, 2, 5], 2)


def test_an_image_stands_as_the_detector_saw_it_else_as_its_camera_was_held(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    write(tmp_path, ['a.jpg', 'b.jpg'], exif=exif)
    bank = make_bank(['a.jpg', 'b.jpg'])
    for orientations, sizes in ((None, [(300, 400)] * 2), (np.array([1, 6], np.uint8), [(400, 300), (300, 400)])):
        made = make_thumbnails(replace(bank, orientations=orientations), tmp_path, [0, 1], [])
        assert [made.sizes[image] for image in (0, 1)] == sizes
        assert [opened(made.images[image]).size for image in (0, 1)] == [
            (0.8 * width, 0.8 * height) for width, height in sizes
        ]


def test_grey_of_twelve_bits_is_as_dark_as_for_the_detector(tmp_path):
    Image.fromarray(np.full((30, 40), 4095, np.uint16)).save(tmp_path / 'a.png')
    made = make_thumbnails(make_bank(['a.png']), tmp_path, [0], [])
    assert np.abs(np.asarray(opened(made.images[0]).convert('L'), int) - 15).max() <= 2


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / 'text.jpg').write_text('no image')
    (tmp_path / 'cut.png').write_bytes(b'\x89PNG\r\n\x1a\n')
    made = make_thumbnails(make_bank(['text.jpg', 'cut.png', 'gone.jpg']), tmp_path, [0, 1], [2])
    assert made.unreadable == ['text.jpg', 'cut.png', 'gone.jpg']
    assert made.images == {}
