# How much hangs on the selector? The same detector trained once more, with another seed, selects among the bursts anew.
# One training for each list: a second says more of the training and nothing of the list.
_base_ = 'chess_bursts.py'
name = 'chess_bursts_selector'
selector = dict(detector='faster-rcnn', iters=80, seed=1)

grid = [dict(methods=['classwise-facility-location', 'csod-logdet', 'csod'], num_images=[24, 12, 48])]
