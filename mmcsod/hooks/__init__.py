"""Hooks, registered with MMDetection's ``HOOKS`` on import."""

from mmcsod.hooks.gt_roi_feature_hook import GTRoIFeatureHook
from mmcsod.hooks.stop_on_nan_hook import StopOnNaNHook

__all__ = ['GTRoIFeatureHook', 'StopOnNaNHook']
