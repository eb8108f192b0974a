import numpy as np
import pytest
from PIL import ExifTags, Image

from mmcsod.util.images import UNREADABLE, turned_size


@pytest.mark.parametrize(
    'content', [None, b'', b'<html>', bytes(50), b'\x89PNG\r\n\x1a\n', b'\xff\xd8\xff', 'too large']
)
def test_whatever_is_wrong_with_a_file_is_among_what_pillow_raises(content, tmp_path, monkeypatch):
    if content == 'too large':
        Image.fromarray(np.zeros((30, 40), np.uint8)).save(tmp_path / 'a.png')
        monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 500)
    elif content is not None:
        (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(UNREADABLE):
        Image.open(tmp_path / 'a.png')


@pytest.mark.parametrize(('orientation', 'size'), [(None, (40, 30)), (1, (40, 30)), (3, (40, 30)), (6, (30, 40))])
def test_an_image_on_its_side_has_its_width_for_its_height(orientation, size, tmp_path):
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(np.zeros((30, 40), np.uint8)).save(tmp_path / 'a.jpg', exif=exif)
    with Image.open(tmp_path / 'a.jpg') as image:
        assert turned_size(image) == size
