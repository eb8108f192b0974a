import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset
from PIL import ExifTags, Image

from mmcsod.datasets.pixels import color_types, grey_pixels, read_pixels


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_cells_are_means_stretched_to_the_whole_range(dtype):
    cells = np.arange(1024, dtype=dtype).reshape(32, 32) % 200 + 20
    image = np.repeat(np.repeat(cells, 3, axis=0), 5, axis=1)
    wanted = np.rint(255 * (cells.astype(float) - 20) / 199)
    np.testing.assert_array_equal(grey_pixels(image), wanted)
    np.testing.assert_array_equal(grey_pixels(np.stack([image] * 3, axis=2)), wanted)


def test_the_order_of_channels_does_not_matter():
    image = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    np.testing.assert_array_equal(grey_pixels(image), grey_pixels(image[:, :, ::-1]))


@pytest.mark.parametrize('shape', [(1, 1, 3), (40, 50), (5, 400, 3)])
def test_images_of_one_colour_are_zeros(shape):
    assert not grey_pixels(np.full(shape, 7, np.uint8)).any()


@pytest.mark.parametrize('content', [b'', b'<html>', bytes(50), None])
def test_files_that_are_no_images_are_zeros(content, tmp_path):
    if content is not None:
        (tmp_path / 'a.jpg').write_bytes(content)
    pixels, unreadable = read_pixels([tmp_path / 'a.jpg'])
    assert not pixels.any()
    assert unreadable == [str(tmp_path / 'a.jpg')]


@pytest.mark.parametrize('color', ['color', 'color_ignore_orientation'])
def test_images_are_turned_as_their_loader_does(color, tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    ramp = np.arange(48 * 64, dtype=np.uint32).reshape(48, 64) // 16
    Image.fromarray(ramp.astype(np.uint8)).save(tmp_path / 'a.png', exif=exif)
    (tmp_path / 'labels.json').write_text('{"metainfo": {}, "data_list": [{"img_path": "a.png"}]}')
    loader = LoadImageFromFile(color_type=color)
    leaf = BaseDataset('labels.json', data_root=str(tmp_path), pipeline=[loader])
    wanted = grey_pixels(loader({'img_path': str(tmp_path / 'a.png')})['img'])
    pixels, _ = read_pixels([tmp_path / 'a.png'], color_types([leaf]))
    np.testing.assert_array_equal(pixels[0], wanted)
    assert np.array_equal(pixels, read_pixels([tmp_path / 'a.png'])[0]) == (color == 'color')
