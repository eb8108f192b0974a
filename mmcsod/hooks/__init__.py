"""Hooks, registered with MMDetection's ``HOOKS`` on import."""

from mmcsod.hooks.gt_roi_feature_hook import GTRoIFeatureHook

__all__ = ['GTRoIFeatureHook']
