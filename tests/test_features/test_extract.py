"""The extraction loop: what shares a batch changes nothing, what breaks is told, what was killed goes on."""

import filecmp
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from mmcsod.features import chunks
from mmcsod.features.extract import surprises
from mmcsod.features.options import ExtractionOptions
from mmcsod.util.errors import UserError

from ..tool import run_script
from .conftest import OPTIONS, build, extract, small_config, write_coco

SMALL_CHUNKS = Path(__file__).parent / 'extract_in_small_chunks.py'


def same_files(left, right):
    names = sorted(path.name for path in left.iterdir())
    assert names == sorted(path.name for path in right.iterdir())
    return all(filecmp.cmp(left / name, right / name, shallow=False) for name in names)


def extract_in_small_chunks(root, out, **changes):
    """Do as the program does, in this process."""
    cfg, threads = small_config(root), torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, 'CHUNK_SIZE', 2)
        options = ExtractionOptions(num_workers=0, batch_size=2, keep_objects=True, **changes)
        extract(build(cfg), cfg, out, options)
    torch.set_num_threads(threads)


@pytest.fixture(scope='module')
def unbroken(coco_root, tmp_path_factory):
    """A bank extracted in one go, in chunks of two images."""
    out = tmp_path_factory.mktemp('unbroken') / 'features'
    extract_in_small_chunks(coco_root, out)
    return out


def test_batch_size_changes_no_row(cfg, detector, tmp_path):
    one = extract(detector, cfg, tmp_path / 'one', replace(OPTIONS, batch_size=1))
    eight = extract(detector, cfg, tmp_path / 'eight', replace(OPTIONS, batch_size=8))
    assert list(one.image_ids) == list(eight.image_ids)
    scale = np.abs(one.vectors).max()
    np.testing.assert_allclose(one.vectors, eight.vectors, atol=1e-5 * scale)
    np.testing.assert_allclose(one.image_vectors, eight.image_vectors, atol=1e-5 * np.abs(one.image_vectors).max())


def test_channels_last_and_bfloat16_stay_close(cfg, detector, tmp_path):
    plain = extract(detector, cfg, tmp_path / 'plain', OPTIONS)
    last = extract(detector, cfg, tmp_path / 'last', replace(OPTIONS, channels_last=True))
    amp = extract(detector, cfg, tmp_path / 'amp', replace(OPTIONS, amp='bf16'))
    np.testing.assert_allclose(plain.vectors, last.vectors, atol=1e-4 * np.abs(plain.vectors).max())

    def cosines(bank):
        dots = (plain.vectors * bank.vectors).sum(1)
        return dots / np.linalg.norm(plain.vectors, axis=1) / np.linalg.norm(bank.vectors, axis=1)

    assert amp.vectors.dtype == np.float32
    assert not np.array_equal(amp.vectors, plain.vectors)
    assert cosines(amp).min() > 0.99


def test_image_vectors_ignore_the_padding(cfg, detector, tmp_path):
    """The backbone's last map averaged over the image alone, by hand for an image that needs padding."""
    bank = extract(detector, cfg, tmp_path / 'features', OPTIONS)
    seen = {}
    handle = detector.backbone.register_forward_hook(lambda m, i, o: seen.update(map=o[-1]))
    image = torch.zeros(1, 3, 128, 192)  # 150 x 100 becomes 192 x 128
    import cv2

    pixels = cv2.resize(cv2.imread(str(Path(cfg.train_dataloader.dataset.data_root) / 'images/003.png')), (192, 128))
    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    image[0] = torch.from_numpy(((pixels[..., ::-1] - mean) / std).transpose(2, 0, 1).astype(np.float32))
    with torch.no_grad():
        detector.eval().extract_feat(image)
    handle.remove()
    np.testing.assert_allclose(bank.image_vectors[3], seen['map'][0].mean((1, 2)), rtol=1e-3, atol=1e-5)


def test_the_detector_is_left_as_it_was(cfg, detector, tmp_path):
    detector.train()
    detector.backbone.layer1.eval()
    before = {name: value.clone() for name, value in detector.state_dict().items()}
    modes = [module.training for module in detector.modules()]
    extract(detector, cfg, tmp_path / 'features', OPTIONS)
    assert [module.training for module in detector.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in detector.state_dict().items())


def test_a_second_process_is_refused(cfg, detector, tmp_path):
    with FileLock(tmp_path / '.features.lock'), pytest.raises(UserError, match='Another process'):
        extract(detector, cfg, tmp_path / 'features', OPTIONS)


def test_a_work_dir_that_is_a_file_is_refused(cfg, detector, tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'is no folder that can be written to .*--work-dir'):
        extract(detector, cfg, tmp_path / 'file' / 'deeper' / 'features', OPTIONS)


def test_an_unreadable_image_is_named_and_the_rest_kept(tmp_path, caplog):
    write_coco(tmp_path, 6)
    (tmp_path / 'images' / '002.png').write_bytes(b'no image')
    (tmp_path / 'images' / '004.png').unlink()
    cfg = small_config(tmp_path)
    bank = extract(build(cfg), cfg, tmp_path / 'features', replace(OPTIONS, keep_objects=True))
    assert bank.provenance['unreadable_images'] == ['images/002.png', 'images/004.png']
    assert 'images/002.png could not be read' in caplog.text
    assert set(bank.image_ids) == {'images/000.png', 'images/001.png', 'images/003.png', 'images/005.png'}
    assert len(bank.object_vectors) == (~bank.objects['ignored']).sum()
    assert len(bank.objectwise()) == len(bank.object_vectors)


@pytest.mark.campaign
def test_two_processes_change_not_a_byte(coco_root, unbroken, tmp_path):
    torchrun = '-m torch.distributed.run --standalone --nproc-per-node=2'
    done = run_script(torchrun, SMALL_CHUNKS, coco_root, tmp_path / 'features', '--launcher')
    assert done.returncode == 0, done.stderr
    assert same_files(unbroken, tmp_path / 'features')


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_resumes(coco_root, unbroken, tmp_path):
    size = max(path.stat().st_size for path in unbroken.iterdir())
    full = run_script(SMALL_CHUNKS, coco_root, tmp_path / 'features', '--limit', size // 2)
    assert full.returncode == 2, full.stderr
    assert full.stderr.strip().splitlines()[-1].startswith('error: ')
    assert not (tmp_path / 'features').exists()
    extract_in_small_chunks(coco_root, tmp_path / 'features', resume=True)
    assert same_files(unbroken, tmp_path / 'features')


def test_a_model_for_other_classes_and_a_config_of_a_coreset_are_told(cfg, detector):
    assert not list(surprises(cfg, detector, 3))
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(type='CoresetDataset', coreset='coreset.json', dataset=inner)
    of_coreset, of_classes = surprises(cfg, detector, 2)
    assert 'selected from the whole training set' in of_coreset
    assert of_classes.startswith('The model has 3 classes and the data 2: ')
    assert of_classes.endswith('needs num_classes=2.')
