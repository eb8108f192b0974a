from mmcsod.features.needs import extraction_needs
from mmcsod.features.options import ExtractionOptions

from .conftest import build, extract, small_config, write_coco

LABELS = {'images': None, 'val': None, 'test': None}


def test_a_dry_run_counts_what_extraction_stores_without_an_image(tmp_path):
    write_coco(tmp_path, 6)
    cfg = small_config(tmp_path)
    cfg.dump(tmp_path / 'config.py')
    bank = extract(build(cfg), cfg, tmp_path / 'features', ExtractionOptions(num_workers=0))
    for image in (tmp_path / 'images').iterdir():
        image.unlink()
    (tmp_path / 'model.pth').touch()  # not read
    before = sorted(tmp_path.rglob('*'))
    needs = extraction_needs(tmp_path / 'config.py', {}, str(tmp_path / 'model.pth'), ExtractionOptions(), LABELS)
    assert (needs.images, needs.missing, needs.classes) == (6, 6, 3)
    assert (needs.vectors, needs.dimensions) == bank.vectors.shape
    assert needs.objects == len(bank.object_vectors)
    assert needs.num_bytes == bank.vectors.nbytes + bank.object_vectors.nbytes
    assert sorted(tmp_path.rglob('*')) == before
