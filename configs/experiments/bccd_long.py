# Twice the iterations: does the rare class, one cell an image, settle?
_base_ = 'bccd.py'
iters = 240

grid = [
    dict(methods=['csod', 'uniform'], num_images=[10, 30], seeds=3),
    dict(methods=['full-set'], iters=400),
]
