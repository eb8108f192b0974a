# How much hangs on the selector? The same detector trained once more, with another seed, selects anew.
_base_ = 'chess.py'
name = 'chess_selector'
selector = dict(detector='faster-rcnn', iters=200, seed=1)

grid = [dict(methods=['csod'], num_images=[12, 24], seeds=3)]
