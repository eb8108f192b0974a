"""The part of the selection benchmark that needs a CUDA device."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from banks import COCO_SIZES, make_bank
from tabulate import tabulate

from mmcsod import FeatureBank
from mmcsod.selection.by_row import take_shared_turns
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.methods.csod import make_objectives
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import make_task
from mmcsod.util.errors import UserError

COPY_BYTES = 1 << 32


def measure(large_rows: int, num_images: int) -> None:
    """Print the time of the greedy loop on a GPU, and its rows' bytes a second over the device's copy bandwidth.

    Args:
        large_rows: Rows of the second, float16 bank of 1024 dimensions; the first has COCO's shape.
        num_images: N for the second; 1,000 and 11,800 for the first.
    """
    bandwidth = _copy_bandwidth()
    print(f'{torch.cuda.get_device_name()}: copies {bandwidth / 1e9:.0f} GB/s')
    table = []
    bank = make_bank(COCO_SIZES, 118_287, 2048)
    for number in (1000, 11_800):
        table += _measure(bank, number, bandwidth)
    del bank
    table += _measure(_large_bank(large_rows), num_images, bandwidth)
    print(
        tabulate(
            table,
            ['rows', 'dtype', 'N', 'kernel', 'set-up s', 'loop s', 'of copy bandwidth', 'picks as torch'],
            floatfmt='.3g',
        )
    )


def _measure(bank: FeatureBank, num_images: int, bandwidth: float) -> list[list[Any]]:
    table, picks = [], {}
    for kernel in ('torch', 'faiss'):
        row: list[Any] = [len(bank), str(bank.vectors.dtype), num_images, kernel]
        try:
            setup, loop, picks[kernel], labels = _run(bank, num_images, kernel)
        except UserError as error:
            table.append([*row, str(error)])
            continue
        sizes = np.bincount(bank.labels, minlength=len(bank.classes))
        read = int(sizes[labels].sum()) * bank.vectors[:1].nbytes
        same = 'yes' if picks[kernel] == picks.get('torch') else 'NO'
        table.append([*row, setup, loop, f'{read / loop / bandwidth:.1%}', same])
        torch.cuda.empty_cache()
    return table


def _run(bank: FeatureBank, num_images: int, kernel: str) -> tuple[float, float, list[str], list[int]]:
    task = make_task(bank, SelectionOptions(num_images, kernel=kernel))
    start = time.perf_counter()
    objectives = make_objectives(task.pool, task.lam, kernel_factory(kernel))
    torch.cuda.synchronize()
    middle = time.perf_counter()
    picks = list(islice(take_shared_turns(task, objectives), num_images))
    return (
        middle - start,
        time.perf_counter() - middle,
        [pick.image_id for pick in picks],
        [int(pick.label or 0) for pick in picks],
    )


def _copy_bandwidth() -> float:
    """Return bytes read and written a second by the fastest of some copies on the device."""
    source = torch.zeros(COPY_BYTES // 4, device='cuda')
    target = torch.empty_like(source)
    best = np.inf
    for _ in range(10):
        torch.cuda.synchronize()
        start = time.perf_counter()
        target.copy_(source)
        torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * COPY_BYTES / best


def _large_bank(rows: int, dimensions: int = 1024) -> FeatureBank:
    """Make a float16 bank of COCO's class shares on the device: numpy would take minutes."""
    shares = np.array(COCO_SIZES) / sum(COCO_SIZES)
    sizes = np.maximum(1, (shares * rows).astype(int))
    vectors = np.empty((int(sizes.sum()), dimensions), np.float16)
    torch.manual_seed(0)
    begin = 0
    for size in sizes:
        _fill_class(vectors[begin : begin + size])
        begin += size
    return FeatureBank.from_arrays(
        vectors, _ids(sizes), np.repeat(np.arange(len(sizes)), sizes), [f'class {c}' for c in range(len(sizes))]
    )


def _fill_class(vectors: np.ndarray) -> None:
    mean = torch.randn(vectors.shape[1], device='cuda').abs()
    scales = torch.arange(1, 129, device='cuda') ** -0.5
    directions = torch.randn(128, vectors.shape[1], device='cuda') * scales[:, None] * 0.3
    for begin in range(0, len(vectors), 1 << 18):
        block = vectors[begin : begin + (1 << 18)]
        made = mean + torch.randn(len(block), 128, device='cuda') @ directions
        block[:] = made.add_(torch.randn_like(made), alpha=0.25).clamp_(min=0).half().cpu().numpy()


def _ids(sizes: Sequence[int]) -> list[str]:
    """Every image in about three classes, as in COCO."""
    num_images = max(max(sizes), sum(sizes) // 3)
    rng = np.random.default_rng(0)
    return [f'{image:08}' for size in sizes for image in np.sort(rng.choice(num_images, size, replace=False))]
