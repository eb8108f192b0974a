# fod_a.py with a selecting detector trained on all images, with another seed.
_base_ = 'fod_a.py'
name = 'fod_a_2'
selector = dict(_delete_=True, detector='faster-rcnn', iters=500, seed=2)
seeds = [2]
