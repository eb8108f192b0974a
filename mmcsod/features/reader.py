"""One forward of backbone and neck per image, and the vectors of its ground-truth boxes (Eq. 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures.bbox import bbox2roi
from torch import Tensor, nn

from mmcsod.features.averaging import ImageFeatures
from mmcsod.features.dataset import Sample
from mmcsod.features.inference import evaluating, feature_maps, told_in_one_sentence
from mmcsod.features.judge import Judge
from mmcsod.features.taps import attach_tap

AMP_DTYPES = {'fp16': torch.float16, 'bf16': torch.bfloat16}


class FeatureReader:
    """Reads object vectors and image vectors off a batch of samples.

    No RPN and no NMS runs, and of the predictors only those of the box head, for a judge.

    Args:
        detector: A detector on the device to use (:func:`mmcsod.features.inner.inner_detector`).
        tap: Where to read (:func:`mmcsod.features.taps.attach_tap`).
        amp: None for float32, or a key of ``AMP_DTYPES``.
        channels_last: Whether images are laid out channels last.
        judge: Who says what the detector makes of the boxes; None has nobody asked.
    """

    def __init__(
        self,
        detector: Any,
        tap: str = 'auto',
        amp: str | None = None,
        channels_last: bool = False,
        judge: Judge | None = None,
    ) -> None:
        self.tap = attach_tap(detector, tap)
        self._judge = judge
        self._detector = detector
        self._device = next(detector.parameters()).device
        self._amp = amp
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._last_map: Tensor | None = None

    @property
    def is_judging(self) -> bool:
        """Whether there is a judge."""
        return self._judge is not None

    def padded_shape(self, sample: Sample) -> tuple[int, int]:
        """Return the height and width the detector pads an image to, in pixels.

        Only images of one padded shape may share a batch: padding seen by one and not by another would leak through
        biases and normalisation into its features.
        """
        divisor = getattr(self._detector.data_preprocessor, 'pad_size_divisor', 1)
        height, width = sample.inputs.shape[-2:]
        return -(-height // divisor) * divisor, -(-width // divisor) * divisor

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """Put the detector into inference, at full float32 precision and repeatable, and back afterwards."""
        detector, backends = self._detector, torch.backends
        flags = (
            backends.cuda.matmul.allow_tf32,
            backends.cudnn.allow_tf32,
            backends.cudnn.benchmark,
            backends.cudnn.deterministic,
        )
        handle = detector.backbone.register_forward_hook(self._keep_last_map)
        detector.to(memory_format=self._layout)
        backends.cuda.matmul.allow_tf32 = backends.cudnn.allow_tf32 = backends.cudnn.benchmark = False
        backends.cudnn.deterministic = True
        try:
            with evaluating(detector), torch.inference_mode():
                yield
        finally:
            handle.remove()
            self._last_map = None
            detector.to(memory_format=torch.contiguous_format)
            (
                backends.cuda.matmul.allow_tf32,
                backends.cudnn.allow_tf32,
                backends.cudnn.benchmark,
                backends.cudnn.deterministic,
            ) = flags

    def _keep_last_map(self, module: nn.Module, inputs: tuple, output: Any) -> None:
        self._last_map = feature_maps(output)[-1]

    def __call__(self, samples: Sequence[Sample]) -> list[ImageFeatures]:
        """Read a batch of samples of one padded shape; call inside :meth:`ready`.

        Returns:
            For each sample its objects' vectors; the image's vector, which is the backbone's last map, globally
            average-pooled over the image without its padding (section 4.2); and, with a judge, what that says.
        """
        batch = {'inputs': [s.inputs for s in samples], 'data_samples': [s.data_sample for s in samples]}
        inputs = self._detector.data_preprocessor(batch, False)['inputs'].contiguous(memory_format=self._layout)
        rois = bbox2roi([s.boxes for s in samples]).to(self._device)
        with self.autocast(), told_in_one_sentence(self._detector):
            features = self._detector.extract_feat(inputs)
            vectors = self.tap(features, rois) if len(rois) else torch.zeros(0, 0)
            judged = self._judged(features, rois, samples)
        counts = [len(s.boxes) for s in samples]
        assert self._last_map is not None
        images = [_pool(self._last_map[i], s.inputs.shape[-2:], inputs.shape[-2:]) for i, s in enumerate(samples)]
        return [
            ImageFeatures(own.numpy(), image.float().cpu().numpy(), judgements)
            for own, image, judgements in zip(vectors.float().cpu().split(counts), images, judged, strict=True)
        ]

    def _judged(self, features: Any, rois: Tensor, samples: Sequence[Sample]) -> list[np.ndarray | None]:
        if self._judge is None or not len(rois):
            return [None] * len(samples)
        labels = np.concatenate([s.labels for s in samples if s.labels is not None])
        ends = np.cumsum([len(s.boxes) for s in samples])[:-1]
        return list(np.split(self._judge(features, rois, labels), ends))

    def autocast(self) -> contextlib.AbstractContextManager:
        """Return the context of the precision asked for."""
        if self._amp is None:
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, dtype=AMP_DTYPES[self._amp])


def _pool(feature_map: Tensor, image: Sequence[int], padded: Sequence[int]) -> Tensor:
    """Average a (C, H, W) map over the part of it that shows the image."""
    height, width = (
        max(1, round(size * side / whole))
        for size, side, whole in zip(feature_map.shape[-2:], image, padded, strict=True)
    )
    return feature_map[:, :height, :width].float().mean(dim=(1, 2))
