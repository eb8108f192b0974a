# A third selector of the bursts.
_base_ = 'chess_bursts_selector.py'
name = 'chess_bursts_selector_2'
selector = dict(detector='faster-rcnn', iters=80, seed=2)
