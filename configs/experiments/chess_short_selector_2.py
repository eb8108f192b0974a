# A third selector of the chess boards.
_base_ = 'chess_short.py'
name = 'chess_short_selector_2'
selector = dict(detector='faster-rcnn', iters=80, seed=2)

grid = [dict(methods=['classwise-facility-location', 'csod-logdet', 'csod'], num_images=[24, 12, 48])]
