# construction.py with a selecting detector trained on all images.
_base_ = 'construction.py'
name = 'construction_1'
selector = dict(_delete_=True, detector='faster-rcnn', iters=500, seed=1)
seeds = [1]
