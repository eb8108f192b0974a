# construction.py with a selecting detector trained on all images, with another seed.
_base_ = 'construction.py'
name = 'construction_2'
selector = dict(_delete_=True, detector='faster-rcnn', iters=500, seed=2)
seeds = [2]
