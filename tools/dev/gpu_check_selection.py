"""The parts of ``gpu_check`` that are Stage 2: the same picks as the CPU, and how fast."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import torch
from banks import SHAPES

from mmcsod import FeatureBank
from mmcsod.records.coreset import Pick
from mmcsod.selection.by_row import take_shared_turns
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.methods.csod import make_objectives
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import make_task
from mmcsod.util.memory import available_memory

METHODS = ('csod', 'csod-logdet', 'csod-mmr', 'classwise-k-center', 'classwise-facility-location')
LAM = 0.02
COPY_BYTES = 1 << 32
LARGE_ROWS = 10_000_000
SHARE = 0.35
"""Share of free memory, the machine's and the GPU's, that the large bank may take: selecting holds it twice."""


def picks(device: str, small: bool) -> Iterator[dict[str, Any]]:
    """Compare every kernel and rule with the CPU at VOC's shape."""
    bank, number = shaped_bank('voc', device, small), 40 if small else 200
    torch.zeros(1, device=device)  # the driver starts
    for method in METHODS:
        expected, cpu = select(bank, method, 'numpy', number, device)
        for kernel in ('torch', 'faiss') if method == 'csod' else ('torch',):
            if reason := _missing(kernel, device):
                yield {'what': f'{method}, {kernel}', 'note': f'skipped: {reason}'}
                continue
            found, seconds = select(bank, method, kernel, number, device)
            yield {
                'what': f'{method}, {kernel}, {len(bank)} rows, N = {number}',
                'right': found == expected,
                'seconds': seconds,
                'compared': f'{cpu / seconds:.2g} x the CPU ({cpu:.3g} s)',
            }


def loop(device: str, small: bool) -> Iterator[dict[str, Any]]:
    """Time Eq. 4 at COCO's shape beside the device's copies, then the rules that compare all rows."""
    bank, number = shaped_bank('coco', device, small), 100 if small else 1000
    yield from _greedy_loops(bank, (number, 5 * number), device)
    for method in ('csod-logdet', 'classwise-facility-location'):
        _, seconds = select(bank, method, 'torch', number, device)
        yield {'what': f'{method}, torch, {len(bank)} rows, N = {number}', 'seconds': seconds}


def large(device: str, small: bool) -> Iterator[dict[str, Any]]:
    """Time Eq. 4 on 10 million rows of 1024 float16, or as many as fit."""
    free = min(available_memory(), torch.cuda.mem_get_info()[0] if device == 'cuda' else available_memory())
    rows = 20_000 if small else min(LARGE_ROWS, int(SHARE * free / 2048))
    shares = np.array(SHAPES['coco'][0]) / sum(SHAPES['coco'][0])
    bank = make_bank(np.maximum(1, shares * rows).astype(int), rows // 3, 1024, torch.float16, device)
    yield from _greedy_loops(bank, (100 if small else 10_000,), device)


def _greedy_loops(bank: FeatureBank, numbers: Sequence[int], device: str) -> Iterator[dict[str, Any]]:
    bandwidth = copy_bandwidth(device, COPY_BYTES >> 5 if device == 'cpu' else COPY_BYTES)
    yield {'what': 'copies on the device', 'compared': f'{bandwidth / 1e9:.0f} GB/s read and written'}
    for number in numbers:
        first: list[Pick] | None = None
        for kernel in ('torch', 'faiss'):
            what = f'csod, {kernel}, {len(bank)} rows of {bank.vectors.dtype}, N = {number}'
            if reason := _missing(kernel, device):
                yield {'what': what, 'note': f'skipped: {reason}'}
                continue
            setup, seconds, found = _greedy_loop(bank, number, kernel)
            sizes = np.bincount(bank.labels, minlength=len(bank.classes))
            read = int(sizes[[pick.label for pick in found]].sum()) * bank.vectors[:1].nbytes
            yield {
                'what': what,
                'right': None if first is None else found == first,
                'seconds': seconds,
                'compared': f'{read / seconds / bandwidth:.0%} of copies',
                'note': f'set-up {setup:.3g} s',
            }
            first = first or found


def _greedy_loop(bank: FeatureBank, number: int, kernel: str) -> tuple[float, float, list[Pick]]:
    task = make_task(bank, SelectionOptions(number, lam=LAM, kernel=kernel))
    start = time.perf_counter()
    objectives = make_objectives(task.pool, LAM, kernel_factory(kernel))
    middle = time.perf_counter()
    found = list(islice(take_shared_turns(task, objectives), number))
    return middle - start, time.perf_counter() - middle, found


def select(bank: FeatureBank, method: str, kernel: str, number: int, device: str) -> tuple[list[Pick], float]:
    """Return the picks of a method and the seconds that they took."""
    options = SelectionOptions(number, method=method, lam=LAM, kernel=kernel)
    task = make_task(bank, options)
    start = time.perf_counter()
    found = list(islice(options.entry.select(task), number))
    seconds = time.perf_counter() - start
    if device == 'cuda':
        torch.cuda.empty_cache()
    return found, seconds


def _missing(kernel: str, device: str) -> str:
    """Return why a kernel cannot run on the device, or nothing."""
    if importlib.util.find_spec(kernel) is None:
        return f'{kernel} is not installed'
    if kernel == 'faiss' and device == 'cuda' and not getattr(importlib.import_module('faiss'), 'get_num_gpus', int)():
        return 'this FAISS knows no GPU'
    return ''


def copy_bandwidth(device: str, num_bytes: int) -> float:
    """Return bytes read and written a second by the fastest of some copies."""
    source = torch.zeros(num_bytes // 4, device=device)
    target, best = torch.empty_like(source), np.inf
    for _ in range(10):
        start = time.perf_counter()
        target.copy_(source)
        if device == 'cuda':
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - start)
    return 2 * num_bytes / best


def shaped_bank(shape: str, device: str, small: bool) -> FeatureBank:
    """Return a bank of VOC's or COCO's shape, 2048 float32; of a fiftieth of their rows if ``small``."""
    sizes, num_images = SHAPES[shape]
    if small:
        sizes, num_images = tuple(max(5, size // 50) for size in sizes), num_images // 50
    return make_bank(sizes, num_images, 2048, torch.float32, device)


def make_bank(sizes: Sequence[int], num_images: int, dimensions: int, dtype: torch.dtype, device: str) -> FeatureBank:
    """Return a bank as ``banks.make_bank`` does, its vectors made on a device, where that takes seconds."""
    numpy_type = np.float16 if dtype == torch.float16 else np.float32
    vectors = np.empty((sum(sizes), dimensions), numpy_type)
    torch.manual_seed(0)
    begin = 0
    for size in sizes:
        _fill_class(vectors[begin : begin + size], device)
        begin += size
    rng, num_images = np.random.default_rng(0), max(*sizes, num_images)
    images = [f'{image:08}' for size in sizes for image in np.sort(rng.choice(num_images, size, replace=False))]
    return FeatureBank.from_arrays(
        vectors, images, np.repeat(np.arange(len(sizes)), sizes), [f'class {label}' for label in range(len(sizes))]
    )


def _fill_class(vectors: np.ndarray, device: str) -> None:
    mean = torch.randn(vectors.shape[1], device=device).abs()
    scales = torch.arange(1, 129, device=device) ** -0.5
    directions = torch.randn(128, vectors.shape[1], device=device) * scales[:, None] * 0.3
    for begin in range(0, len(vectors), 1 << 17):
        block = vectors[begin : begin + (1 << 17)]
        made = mean + torch.randn(len(block), 128, device=device) @ directions
        made.add_(torch.randn_like(made), alpha=0.25).clamp_(min=0)
        block[:] = made.to(torch.float16 if vectors.dtype == np.float16 else torch.float32).cpu().numpy()
