import json
from argparse import Namespace
from dataclasses import replace

import numpy as np

from mmcsod import Coreset, FeatureBank, Pick
from mmcsod.commands.leak_check import check_leaks
from mmcsod.datasets.pixels import read_pixels
from mmcsod.report.leak import kept_leaks, leak_file

IMAGES = [f'train/{number:04d}.jpg' for number in range(8)]


def make_bank(root, config):
    vectors = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
    bank = FeatureBank.from_arrays(vectors, IMAGES, [0] * 8, ['cat'])
    pixels, unreadable = read_pixels([root / image for image in IMAGES])
    assert not unreadable
    return replace(bank, pixels=pixels, provenance={'config': str(config), 'data_root': str(root)})


def make_coreset(*numbers, **parameters):
    return Coreset(tuple(Pick(IMAGES[number], 0) for number in numbers), ('cat',), 'by hand', parameters)


def given(config=None, **options):
    return Namespace(**{'config': config and str(config), 'cfg_options': [], 'val': None, 'images': None, **options})


def test_validation_images_of_the_pool_are_listed_and_counted(coco_root, tiny_config, tmp_path, capsys):
    bank, coreset = make_bank(coco_root, tiny_config), make_coreset(2, 6, group=r'(.*\d\d\d)\d')
    check_leaks(bank, coreset, tmp_path / 'coreset.json', given(tiny_config))
    printed = capsys.readouterr().out
    _, *found = [line.split(',') for line in leak_file(tmp_path / 'coreset.json').read_text().splitlines()]
    assert found == [[str(coco_root / pool), pool, decision] for _, pool, decision in found]
    assert {pool for _, pool, decision in found if decision == 'keep'} == {IMAGES[2], IMAGES[6]}
    assert f'{len(found)} of 20 validation images have a near-duplicate in the pool, 2 in' in printed
    assert '10 of 20 validation images come from a recording of the pool' in printed


def test_validation_images_are_decoded_once_and_kept_for_a_bank_alone(coco_root, tiny_config, tmp_path, capsys):
    make_bank(coco_root, tiny_config).save(tmp_path / 'features')
    bank, path = FeatureBank.load(tmp_path / 'features'), tmp_path / 'coreset.json'
    check_leaks(bank, make_coreset(1), path, given())
    assert 'the validation images are not known; give their labels with --val' in capsys.readouterr().out
    check_leaks(bank, make_coreset(1), path, given(tiny_config))
    kept = tmp_path / 'features.validation.npz'
    printed, written, time = capsys.readouterr().out, leak_file(path).read_text(), kept.stat().st_mtime_ns
    check_leaks(bank, make_coreset(1), path, given(tiny_config))
    assert kept.stat().st_mtime_ns == time
    check_leaks(bank, make_coreset(1), path, given())
    assert capsys.readouterr().out == printed * 2
    assert leak_file(path).read_text() == written
    leaks = kept_leaks(bank, {'later': make_coreset(5)})  # what a report shows, whatever the file says
    assert [leak.pool for leak in leaks.pairs if leak.is_selected] == [IMAGES[5]]
    labels = given(val=str(coco_root / 'train.json'), images=str(coco_root / 'train'))
    kept.write_bytes(b'damaged')
    check_leaks(bank, make_coreset(1), path, labels)
    assert capsys.readouterr().out == printed
    kept.unlink()
    check_leaks(bank, make_coreset(1), path, given())
    assert not leak_file(path).exists()  # what another coreset of that name leaked
    check_leaks(bank, make_coreset(1), path, labels)
    check_leaks(bank, make_coreset(1), path, given(tiny_config, cfg_options=['val_dataloader=None']))
    assert not leak_file(path).exists() and not kept.exists()  # a validation set that is no longer one


def test_recordings_shared_with_validation_by_a_field(coco_root, tiny_config, tmp_path, capsys):
    content = json.loads((coco_root / 'train.json').read_text())
    for number, image in enumerate(content['images']):
        image['clip'] = f'clip {number // 4}'
    for annotation in content['annotations']:
        del annotation['area']  # which pycocotools needs, and the check fills in
    (tmp_path / 'val.json').write_text(json.dumps(content))
    bank = replace(make_bank(coco_root, tiny_config), recordings=('clip 1',) * 4 + ('clip 9',) * 4)
    bank = replace(bank, provenance={**bank.provenance, 'group': 'clip'})
    options = [f'val_dataloader.dataset.ann_file={tmp_path / "val.json"}']
    check_leaks(bank, make_coreset(1), tmp_path / 'coreset.json', given(tiny_config, cfg_options=options))
    assert '4 of 20 validation images come from a recording of the pool' in capsys.readouterr().out


def test_validation_images_that_are_not_there_are_not_called_free_of_leaks(coco_root, tiny_config, tmp_path, capsys):
    options = ['val_dataloader.dataset.data_prefix.img=nowhere/']
    bank = make_bank(coco_root, tiny_config)
    check_leaks(bank, make_coreset(1), tmp_path / 'coreset.json', given(tiny_config, cfg_options=options))
    assert ', 0 in the coreset, 20 could not be read or are black\n' in capsys.readouterr().out
