# What `mmcsod demo` runs: the full pipeline on photographs of chess boards, in minutes on a CPU. All runs have the same
# iterations, too few for any of them.
name = 'demo'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py'}
selector = dict(detector='faster-rcnn', iters=80)
metric = 'coco/bbox_mAP_50'
iters = 80

grid = [
    dict(methods=['full-set']),
    dict(methods=['classwise-facility-location'], turns=['proportional'], num_images=[24], seeds=2),
    dict(methods=['uniform'], num_images=[24], seeds=2),
]
