"""Training failures as one sentence: an image that cannot be used, a loss that is not finite."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.dataset import Compose
from mmengine.runner import Runner

from mmcsod.datasets.ids import leaf_datasets
from mmcsod.util.errors import UserError


class NamedErrors(Compose):
    """A pipeline whose exceptions name the image."""

    def __call__(self, data: dict) -> dict | None:
        """Run the transforms."""
        path = data.get('img_path')
        try:
            return super().__call__(data)
        except Exception as error:  # a decoder or transform may raise anything
            cause = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise UserError(
                f'The image {path} cannot be used ({cause}); mend it, or remove it from the annotations.'
            ) from error


def name_images(dataset: Any) -> None:
    """Have the pipelines of a built dataset's leaves name the image that they fail on, in place."""
    for leaf in leaf_datasets(dataset):
        leaf.pipeline = NamedErrors(leaf.pipeline.transforms)


@contextmanager
def explained(runner: Runner) -> Iterator[None]:
    """Turn what MMEngine raises in the block into one sentence."""
    try:
        yield
    except UserError as error:  # a DataLoader's worker hands over its traceback, of which the last line is the sentence
        sentence = str(error).strip().splitlines()[-1]
        raise UserError(sentence.removeprefix(f'{UserError.__module__}.{UserError.__name__}: ')) from error
    except AssertionError as error:
        if error.args != (None,):  # the message of MMDetection's CheckInvalidLossHook: what its logger returned
            raise
        raise UserError(
            f'Training diverged at iteration {runner.iter + 1}: {_not_finite(runner)} is not finite; lower the '
            'learning rate (--cfg-options optim_wrapper.optimizer.lr=...), train with --gentle, or, if it happens '
            'at any rate, drop boxes without area in the pipeline (a FilterAnnotations transform).'
        ) from error


def _not_finite(runner: Runner) -> str:
    """Return the names of the losses that are not finite, the parts rather than their sum."""
    scalars = runner.message_hub.log_scalars.items()
    last = {name.removeprefix('train/'): buffer.current() for name, buffer in scalars if name.startswith('train/loss')}
    bad = [name for name, value in last.items() if not math.isfinite(value)]
    return ', '.join([name for name in bad if name != 'loss'] or bad or ['loss'])
