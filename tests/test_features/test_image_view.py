import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import ExifTags, Image

from mmcsod.features.image_view import ImageViewer


def seen(path, loader):
    viewer = ImageViewer()
    viewer(loader({'img_path': str(path)}))
    return viewer.view


@pytest.mark.parametrize(('orientation', 'width', 'height'), [(1, 60, 40), (6, 60, 40), (2, 48, 48), (8, 48, 48)])
def test_the_orientation_is_the_one_that_the_loader_applied(orientation, width, height, tmp_path):
    pixels = np.linspace(0, 255, width * height * 3).reshape(height, width, 3).astype(np.uint8)
    pixels[: height // 3, : width // 2] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(tmp_path / 'a.jpg', exif=exif, quality=95)
    turned = seen(tmp_path / 'a.jpg', LoadImageFromFile())
    assert turned.orientation == orientation
    assert turned.size == ((height, width) if orientation in (6, 8) else (width, height))
    left = seen(tmp_path / 'a.jpg', LoadImageFromFile(color_type='color_ignore_orientation'))
    assert (left.orientation, left.size) == (1, (width, height))


@pytest.mark.parametrize(('top', 'is_constant'), [(255, True), (65535, False)])
def test_a_depth_that_is_not_kept_leaves_one_colour(top, is_constant, tmp_path):
    image = np.linspace(0, top, 40 * 40).reshape(40, 40).astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    assert seen(tmp_path / 'a.png', LoadImageFromFile()).is_constant is is_constant
