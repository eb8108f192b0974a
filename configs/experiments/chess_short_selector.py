# How much hangs on the selector, and on which of its features? The same detector trained once more, with another seed.
_base_ = 'chess_short.py'
name = 'chess_short_selector'
selector = dict(detector='faster-rcnn', iters=80, seed=1)

leading = ['classwise-facility-location', 'csod-logdet']
grid = [
    dict(methods=[*leading, 'csod'], num_images=[24, 12, 48]),
    dict(methods=leading, num_images=[24], taps=['roi', 'neck']),
]
