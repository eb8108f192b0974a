"""Stage 2: greedy, class-rotating selection from a feature bank. Needs neither mmdet, mmcv nor mmengine."""

from mmcsod.selection.registry import Method, Task, method_names, register_method
from mmcsod.selection.select import select_coreset

__all__ = ['Method', 'Task', 'method_names', 'register_method', 'select_coreset']
