"""One forward of backbone and neck per image, and the vectors of its ground-truth boxes (Eq. 2)."""

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
from mmcsod.features.label_scores import LabelScorer
from mmcsod.features.taps import Tap

AMP_DTYPES = {'fp16': torch.float16, 'bf16': torch.bfloat16}
FLAGS: tuple[tuple[Any, str, bool], ...] = (
    (torch.backends.cuda.matmul, 'allow_tf32', False),
    (torch.backends.cudnn, 'allow_tf32', False),
    (torch.backends.cudnn, 'benchmark', False),
    (torch.backends.cudnn, 'deterministic', True),
)
"""What float32 proper and repeatable results take."""


class FeatureReader:
    """Reads object vectors and image vectors off a batch of samples, and label scores if given a ``scorer``.

    No RPN and no NMS runs, and of the predictors only those of the box head, for label scores.
    """

    def __init__(
        self, tap: Tap, amp: str | None = None, channels_last: bool = False, scorer: LabelScorer | None = None
    ) -> None:
        self.tap = tap
        self._scorer = scorer
        self._detector = tap.detector
        self._device = next(tap.detector.parameters()).device
        self._amp = amp
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._last_map: Tensor | None = None

    @property
    def scores_labels(self) -> bool:
        """Whether labels are scored."""
        return self._scorer is not None

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
        detector = self._detector
        before = [getattr(backend, name) for backend, name, _ in FLAGS]
        handle = detector.backbone.register_forward_hook(self._keep_last_map)
        detector.to(memory_format=self._layout)
        for backend, name, value in FLAGS:
            setattr(backend, name, value)
        try:
            with evaluating(detector), torch.inference_mode():
                yield
        finally:
            handle.remove()
            self._last_map = None
            detector.to(memory_format=torch.contiguous_format)
            for (backend, name, _), value in zip(FLAGS, before, strict=True):
                setattr(backend, name, value)

    def _keep_last_map(self, module: nn.Module, inputs: tuple, output: Any) -> None:
        self._last_map = feature_maps(output)[-1]

    def __call__(self, samples: Sequence[Sample]) -> list[ImageFeatures]:
        """Read a batch of samples of one padded shape; call inside :meth:`ready`.

        Returns:
            For each sample its objects' vectors; the image's vector, which is the backbone's last map, globally
            average-pooled over the image without its padding (section 4.2); and, if asked for, its label scores.
        """
        images = [torch.from_numpy(s.inputs) for s in samples]
        batch = {'inputs': images, 'data_samples': [s.data_sample for s in samples]}
        inputs = self._detector.data_preprocessor(batch, False)['inputs'].contiguous(memory_format=self._layout)
        rois = bbox2roi([torch.from_numpy(s.boxes) for s in samples]).to(self._device)
        with self.autocast(), told_in_one_sentence(self._detector):
            features = self._detector.extract_feat(inputs)
            vectors = self.tap(features, rois) if len(rois) else torch.zeros(0, 0)
            scores = self._label_scores(features, rois, samples)
        counts = [len(s.boxes) for s in samples]
        assert self._last_map is not None
        pooled = [_pool(self._last_map[i], s.inputs.shape[-2:], inputs.shape[-2:]) for i, s in enumerate(samples)]
        views = [s.view for s in samples if s.view is not None]
        parts = zip(vectors.float().cpu().split(counts), pooled, views, scores, strict=True)
        return [
            ImageFeatures(own.numpy(), image.float().cpu().numpy(), view, of_labels)
            for own, image, view, of_labels in parts
        ]

    def autocast(self) -> contextlib.AbstractContextManager:
        """Return the context of the precision asked for."""
        return torch.autocast(self._device.type, AMP_DTYPES[self._amp]) if self._amp else contextlib.nullcontext()

    def _label_scores(self, features: Any, rois: Tensor, samples: Sequence[Sample]) -> list[np.ndarray | None]:
        if self._scorer is None or not len(rois):
            return [None] * len(samples)
        labels = np.concatenate([s.labels for s in samples if s.labels is not None])
        ends = np.cumsum([len(s.boxes) for s in samples])[:-1]
        return list(np.split(self._scorer(features, rois, labels), ends))


def _pool(feature_map: Tensor, image: Sequence[int], padded: Sequence[int]) -> Tensor:
    """Average a (C, H, W) map over the part of it that shows the image."""
    height, width = (
        max(1, round(size * side / whole))
        for size, side, whole in zip(feature_map.shape[-2:], image, padded, strict=True)
    )
    return feature_map[:, :height, :width].float().mean(dim=(1, 2))
