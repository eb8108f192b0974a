# Does a selector that was trained four times as long settle on its images, and are they better?
_base_ = 'chess_selector.py'
name = 'chess_selector_long'
selector = dict(detector='faster-rcnn', iters=800, seed=0)
