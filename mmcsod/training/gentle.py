"""A gentle setting for detectors that diverge on tiny training sets with their stock hyperparameters.

Section 4.8: RetinaNet and FCOS "often encountered training issues due to loss explosion when following their
respective default hyperparameters", so the paper "adjusted the hyperparameters, such as the learning rate and
gradient clipping"; its values (section S4) are not in the main text. These are MMDetection's own remedies.
"""

from mmengine.config import Config, ConfigDict

from mmcsod.training.config import base_batch_size
from mmcsod.training.schedule import schedulers, warmup_end

GENTLE_WARMUP_SHARE = 0.2
"""Share of the run that a gentle warm-up takes where the config has none, and may take where it has one."""

CLIP_GRAD = {'max_norm': 35, 'norm_type': 2}
"""What MMDetection's FCOS configs clip to."""


def is_one_stage(config: Config) -> bool:
    """Whether the detector, or the one inside a semi-supervised or distilling wrapper, has no RoI head."""
    model = config.get('model', {})
    return 'roi_head' not in model.get('detector', model)


def make_gentle(config: Config, iterations: int) -> None:
    """Clip gradients, warm up, and scale the learning rate to the batch, where the config does not yet; in place."""
    if config.get('optim_wrapper') and not config.optim_wrapper.get('clip_grad'):
        config.optim_wrapper.clip_grad = ConfigDict(CLIP_GRAD)
    if base_batch_size(config):
        config.auto_scale_lr.enable = True
    if not warmup_end(config, 1):
        end = max(2, int(iterations * GENTLE_WARMUP_SHARE))  # shorter ones never end
        warmup = ConfigDict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=end)
        config.param_scheduler = [warmup, *schedulers(config)]
