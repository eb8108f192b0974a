# How much hangs on the selector, and on which of its features? The same detector trained once more, with another seed.
_base_ = 'bccd_adamw.py'
name = 'bccd_adamw_selector'
selector = dict(detector='faster-rcnn', iters=120, seed=1)

leading = ['classwise-facility-location', 'csod-logdet']
grid = [
    dict(methods=[*leading, 'csod'], num_images=[30]),
    dict(methods=leading, num_images=[30], taps=['roi', 'neck']),
    dict(methods=[*leading, 'csod'], num_images=[10]),
]
