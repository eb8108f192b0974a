# A third selector of the rendered set, and which of its features serve the leading rules: 'auto' is 'fc' here.
_base_ = 'rendered.py'
name = 'rendered_selector_2'
selector = dict(detector='faster-rcnn', iters=500, seed=2)

leading = ['classwise-facility-location', 'csod-logdet']
grid = [
    dict(methods=[*leading, 'csod'], num_images=[150, 60]),
    dict(methods=leading, num_images=[60], taps=['roi', 'neck']),
]
