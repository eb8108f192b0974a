"""Hooks, registered with MMDetection's ``HOOKS`` on import."""

from mmcsod.hooks.gt_roi_feature_hook import GTRoIFeatureHook
from mmcsod.hooks.removed import refuse_stop_on_nan_hook

__all__ = ['GTRoIFeatureHook', 'refuse_stop_on_nan_hook']
