"""The five lines of docs/reference.md, on a small set and a small detector."""

import inspect

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import DefaultScope

import mmcsod
from mmcsod import UserError, analyze, export_coreset, extract_bank, retrain, select_coreset
from tests.test_features.conftest import small_config, write_coco


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A config, a checkpoint, and the working directory that they are in."""
    write_coco(tmp_path, 8)
    cfg = small_config(tmp_path, scale=(96, 64))
    cfg.train_dataloader.update(batch_size=2, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True))
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
    cfg.dump(tmp_path / 'my_config.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        import mmdet.models  # noqa: F401

        torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'my_checkpoint.pth')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_whole_way(files):
    bank = extract_bank('my_config.py', 'my_checkpoint.pth', work_dir='mine', device='cpu', num_workers=0)
    assert (files / 'mine' / 'features' / 'vectors.npy').exists()
    select_coreset(bank, num_images=3).save('mine/coreset.json')
    assert retrain('my_config.py', 'mine/coreset.json', dry_run=True, num_images=2) == {}
    assert not (files / 'work_dirs').exists()
    assert '| coreset' in analyze(bank, ['mine/coreset.json'])
    assert export_coreset('mine/coreset.json', 'my_config.py', 'coco', out='mine/coco')


def test_the_work_dir_is_named_after_the_config(files):
    extract_bank('my_config.py', 'my_checkpoint.pth', device='cpu', num_workers=0)
    assert (files / 'work_dirs' / 'my_config' / 'features' / 'meta.json').exists()


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: extract_bank('nowhere.py'), 'There is no config nowhere.py'),
        (
            lambda: extract_bank('my_config.py', batchsize=3),
            "extract_bank has no option 'batchsize': did you mean batch_s",
        ),
        (lambda: retrain('my_config.py', None, iter=5), r"retrain has no option 'iter': did you mean iters\?"),
    ],
)
def test_mistakes_are_one_sentence(call, message, files):
    with pytest.raises(UserError, match=message):
        call()


def test_every_name_is_there_and_documented():
    for name in mmcsod.__all__:
        if name != '__version__':
            assert inspect.getdoc(getattr(mmcsod, name)), name
    with pytest.raises(AttributeError, match='no_such_name'):
        _ = mmcsod.no_such_name
