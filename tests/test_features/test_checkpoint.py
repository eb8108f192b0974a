"""Checkpoints are read without running code from them, and other classes are no obstacle."""

import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.runner import load_checkpoint
from torch.torch_version import TorchVersion

from mmcsod.features.checkpoint import load_state_dict, load_weights, tensor_digests
from mmcsod.features.detector import build_tap
from mmcsod.features.safe_loading import OLDEST_TORCH, safe_loading
from mmcsod.features.taps import attach_tap
from mmcsod.util.errors import UserError

from ..tool import run_script
from .conftest import build, small_config


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('code', [Call(print, 'run'), Call(getattr, np.ndarray, 'tofile')])
def test_code_in_a_checkpoint_is_refused_not_run(code, tmp_path):
    torch.save({'state_dict': {'a': torch.zeros(1)}, 'meta': code}, tmp_path / 'evil.pth')
    with pytest.raises(UserError, match='cannot be loaded without unsafe unpickling'):
        load_state_dict(tmp_path / 'evil.pth')


def hostile_values():
    core = np._core.multiarray
    at_an_address = Call(np.ndarray, (2,), Call(np.dtype, 'O'), b'\1' * 16)
    broken = (1, (2**40,), np.dtype('f8'), False, b'')
    larger = type('A', (), {'__reduce__': lambda self: (core._reconstruct, (np.ndarray, (0,), b'b'), broken)})
    return {
        'an array of objects at an address': at_an_address,
        'a history of losses of such arrays': Call(HistoryBuffer, at_an_address, at_an_address),
        'a scalar that is an object': Call(core.scalar, Call(np.dtype, 'O'), b'\1' * 8),
        'an array larger than its bytes': larger(),
        'a structured type': Call(np.dtype, [('a', 'O')]),
    }


READ_EACH = """
import sys
from mmcsod.features.checkpoint import load_state_dict
from mmcsod.util.errors import UserError
for path in sys.argv[1:]:
    try:
        assert load_state_dict(path).keys() == {'a'}
    except UserError as error:
        assert str(error).startswith('The checkpoint'), error
    print('alive')
"""


def test_no_checkpoint_crashes_the_process(tmp_path):
    """NumPy's own constructors take addresses of memory from the file."""
    paths = []
    for name, value in hostile_values().items():
        paths.append(tmp_path / f'{name}.pth')
        torch.save({'state_dict': {'a': torch.zeros(1)}, 'message_hub': value}, paths[-1])
    result = run_script('-c', READ_EACH, *paths)
    assert result.stdout.split() == ['alive'] * len(paths), result.stderr[-500:]
    assert result.returncode == 0


def test_histories_of_losses_are_read_as_they_were(tmp_path):
    hub = MessageHub.get_instance('test_histories')
    for value in (0.5, 0.25):
        hub.update_scalar('train/loss', np.float64(value), 2)
    torch.save(hub.state_dict(), tmp_path / 'hub.pth')
    with safe_loading():
        loaded = torch.load(tmp_path / 'hub.pth', weights_only=False)['log_scalars']['train/loss']
    assert type(loaded) is HistoryBuffer
    for found, wanted in zip(loaded.data, hub.get_scalar('train/loss').data, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert loaded.mean() == hub.get_scalar('train/loss').mean()


def test_nobody_loads_unsafely_meanwhile(tmp_path):
    load, listed = torch.load, torch.serialization.get_safe_globals()
    torch.save({'state_dict': {}, 'meta': Call(os.mkdir, str(tmp_path / 'ran'))}, tmp_path / 'evil.pth')
    with pytest.raises(UserError, match='without unsafe unpickling'), safe_loading():
        load_checkpoint(torch.nn.Linear(1, 1), str(tmp_path / 'evil.pth'))
    assert not (tmp_path / 'ran').exists()
    assert torch.load is load
    assert set(torch.serialization.get_safe_globals()) == set(listed)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (b'', 'no checkpoint of PyTorch: its 0 bytes'),
        (b'<html>not found', 'no checkpoint of PyTorch: its 15 bytes begin'),
        (pickle.dumps({'a': 1}), 'unsafe|no state_dict'),
        (None, 'There is no checkpoint'),
    ],
)
def test_a_damaged_checkpoint_is_told(content, message, tmp_path):
    if content is not None:
        (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_state_dict(tmp_path / 'bad.pth')


def test_a_checkpoint_of_other_classes_selects(cfg, coco_root, tmp_path):
    other = small_config(coco_root)
    other.model.roi_head.bbox_head.num_classes = 7
    trained = build(other)
    hub = MessageHub.get_instance('test_checkpoint')  # MMEngine saves it too: histories of losses as NumPy values
    hub.update_scalar('train/loss', np.float64(0.5), 2)
    torch.save({'state_dict': trained.state_dict(), 'message_hub': hub.state_dict()}, tmp_path / 'other.pth')
    loaded, trained = build_tap(cfg, tmp_path / 'other.pth', 'cpu'), attach_tap(trained)
    assert tensor_digests(loaded.detector, loaded.tensors) == tensor_digests(trained.detector, trained.tensors)


def test_a_checkpoint_of_another_detector_is_refused(cfg, coco_root):
    head = {'in_channels': 16}
    roi_head = {'bbox_roi_extractor': {'out_channels': 16}, 'bbox_head': head}
    other = small_config(coco_root)
    other.merge_from_dict({'model': {'neck': {'out_channels': 16}, 'rpn_head': head, 'roi_head': roi_head}})
    with pytest.raises(UserError, match=r'of another detector.*neck'):
        load_weights(build(cfg), build(other).state_dict(), 'other.pth', attach_tap(build(cfg)).tensors)


@pytest.mark.parametrize('zipped', [True, False])
def test_a_checkpoint_that_was_cut_off_is_told_as_such(zipped, tmp_path):
    path = tmp_path / 'half.pth'
    torch.save({'state_dict': {'a': torch.randn(1000)}}, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(UserError, match='is damaged or was cut off: 2000 bytes are there') as raised:
        load_state_dict(path)
    assert 'unsafe' not in str(raised.value)


@pytest.mark.parametrize('prefix', ['module.', '_orig_mod.', 'model.', 'module._orig_mod.'])
@pytest.mark.parametrize('key', ['state_dict', 'state_dict_ema', 'model'])
def test_weights_of_wrapped_and_averaged_models_are_taken(prefix, key, tmp_path):
    weights = {f'{prefix}backbone.a': torch.ones(2), f'{prefix}neck.b': torch.zeros(1)}
    torch.save({key: weights}, tmp_path / 'a.pth')
    assert set(load_state_dict(tmp_path / 'a.pth')) == {'backbone.a', 'neck.b'}


def test_a_plain_states_averaged_weights_stay_aside(tmp_path):
    averaged = {'steps': torch.tensor(9), 'module.backbone.a': torch.zeros(1)}
    torch.save({'ema_state_dict': averaged, 'state_dict': {'backbone.a': torch.ones(1)}}, tmp_path / 'a.pth')
    assert load_state_dict(tmp_path / 'a.pth')['backbone.a'].item() == 1
    torch.save({'ema_state_dict': averaged}, tmp_path / 'a.pth')
    assert set(load_state_dict(tmp_path / 'a.pth')) == {'backbone.a'}


def test_safetensors_are_read_or_their_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'safetensors.torch', None)
    (tmp_path / 'a.safetensors').write_bytes(b'')
    with pytest.raises(UserError, match=r'needs the package safetensors; install it, or save .* with torch\.save'):
        load_state_dict(tmp_path / 'a.safetensors')
    stand_in = SimpleNamespace(load_file=lambda path: {'model.backbone.a': torch.ones(2)})
    monkeypatch.setitem(sys.modules, 'safetensors.torch', stand_in)
    assert load_state_dict(tmp_path / 'a.safetensors')['backbone.a'].tolist() == [1, 1]


def test_a_backbone_alone_and_weights_that_give_nan_are_named(cfg):
    state = build(cfg).state_dict()
    needed = attach_tap(build(cfg)).tensors
    with pytest.raises(UserError, match=r'backbone\.pth holds a backbone alone.*init_cfg\.checkpoint=backbone\.pth'):
        load_weights(build(cfg), {key: state[key] for key in state if 'backbone.' in key}, 'backbone.pth', needed)
    state['neck.fpn_convs.0.conv.weight'] *= float('nan')
    with pytest.raises(UserError, match=r'NaN or infinity in 1 of the .* read \(neck\.fpn_convs\.0\.conv\.weight\)'):
        load_weights(build(cfg), state, 'nan.pth', needed)
    state = build(cfg).state_dict()
    state['backbone.bn1.running_var'][0] = -1
    with pytest.raises(UserError, match=r'has negative variances in 1 of the .*\(backbone\.bn1\.running_var\)'):
        load_weights(build(cfg), state, 'noise.pth', needed)


def test_an_old_pytorch_is_named(tmp_path, monkeypatch):
    torch.save({'a': torch.zeros(1)}, tmp_path / 'a.pth')
    assert torch.__version__ >= OLDEST_TORCH
    monkeypatch.setattr(torch, '__version__', TorchVersion('2.5.1+cu121'))
    with pytest.raises(UserError, match=r'PyTorch 2\.5\.1.*install 2\.6 or newer'):
        load_state_dict(tmp_path / 'a.pth')
    with pytest.raises(UserError, match='install 2'), safe_loading():
        pass
