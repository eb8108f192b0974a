"""A hook that ends a diverged run at once, saying what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook

from mmcsod.util.errors import UserError

if TYPE_CHECKING:
    from mmengine.runner import Runner


@HOOKS.register_module()
class StopOnNaNHook(Hook):
    """Stop when the training loss is NaN or infinite (section 4.8's loss explosions).

    MMDetection's CheckInvalidLossHook looks every 50 iterations by default; a coreset's whole run may be a few
    hundred. The logging of MMEngine reads the loss at every iteration, so that reading it here costs no extra
    synchronisation.
    """

    priority = 'VERY_HIGH'  # before checkpoints of a ruined model are written

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Check the losses of this iteration.

        Raises:
            UserError: If one is not finite.
        """
        losses = {
            name: value for name, value in (outputs or {}).items() if 'loss' in name and isinstance(value, torch.Tensor)
        }
        bad = [name for name, value in losses.items() if not torch.isfinite(value).all()]
        if bad:
            parts = [name for name in bad if name != 'loss'] or bad
            raise UserError(
                f'Training diverged at iteration {runner.iter + 1}: {", ".join(parts)} is not finite; lower the '
                'learning rate (--cfg-options optim_wrapper.optimizer.lr=...), train with --gentle, or, if it happens '
                'at any rate, drop boxes without area in the pipeline (a FilterAnnotations transform).'
            )
