"""The part of ``gpu_check`` that is Stage 1: extraction beside the bare backbone, where MMDetection is installed."""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODELS = {
    'R50-FPN': 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py',
    'R50-C4': 'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py',
}
DATA = Path('data/chess')
CONFIG = """_base_ = {base!r}
model = dict(backbone=dict(init_cfg=None))
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale={scale}, keep_ratio=True),
    dict(type='PackDetInputs')]
train_dataloader = dict(dataset=dict(
    _delete_=True, type='CocoDataset', data_root={root!r}, ann_file='annotations/train.json',
    data_prefix=dict(img='train/'), metainfo=dict(classes=('black-pawn', 'white-pawn')), pipeline=pipeline))
"""


def extraction(device: str, small: bool) -> Iterator[dict[str, Any]]:
    """Time extraction by R50-FPN and R50-C4, batch 1 and 16, fp32 and bf16, beside backbone and neck."""
    if reason := _missing(device):
        yield {'note': f'skipped: {reason}'}
        return
    from extraction import Bench

    for name, base in MODELS.items():
        for batch in (1, 16):
            for amp in (None, 'bf16'):
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / 'config.py'
                    scale = (320, 256) if small else (1333, 800)
                    path.write_text(CONFIG.format(base=base, scale=scale, root=f'{DATA.resolve()}/'), encoding='utf-8')
                    bench = Bench(_arguments(path, batch, amp, 4 if small else 32))
                yield _measured(bench, f'{name}, batch {batch}, {amp or "fp32"}', 1 if small else 2)


def _missing(device: str) -> str:
    """Return why extraction cannot run here, or nothing."""
    for package in ('mmcv', 'mmdet'):
        if importlib.util.find_spec(package) is None:
            return f'{package} is not installed'
    if importlib.util.find_spec('mmcv._ext') is None:
        return 'this MMCV has no compiled ops'
    if device == 'cuda':
        from mmcv.ops import get_compiling_cuda_version

        if 'not available' in get_compiling_cuda_version().lower():
            return "MMCV's ops are compiled without CUDA"
    if not DATA.is_dir():
        return f'{DATA} is not there'
    return ''


def _arguments(path: Path, batch: int, amp: str | None, number: int) -> argparse.Namespace:
    return argparse.Namespace(
        config=str(path),
        cfg_options=[],
        num_images=number,
        batch_size=batch,
        num_workers=2,
        amp=amp,
        channels_last=False,
        tap='auto',
        test_loop_images=None,
    )


def _measured(bench: Any, what: str, rounds: int) -> dict[str, Any]:
    rates = {'features': 0.0, 'extraction': 0.0}
    for _ in range(rounds + 1):  # the first one warms up
        for name in rates:
            start = time.perf_counter()
            rates[name] = max(rates[name], getattr(bench, name)() / (time.perf_counter() - start))
    return {
        'what': what,
        'compared': f'{rates["extraction"] / rates["features"]:.2f} of the bare backbone',
        'note': f'{rates["extraction"]:.1f} img/s',
    }
