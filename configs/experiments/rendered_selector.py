# How much hangs on the selector? The same detector trained once more, with another seed, selects the rendered set anew.
_base_ = 'rendered.py'
name = 'rendered_selector'
selector = dict(detector='faster-rcnn', iters=500, seed=1)

grid = [dict(methods=['classwise-facility-location', 'csod-logdet', 'csod'], num_images=[60], seeds=3)]
