# Chess boards: the project's own comparison, small enough for a CPU. Runs are in the order in which they are of use.
name = 'chess'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_sgd_320x256_chess.py'}
selector = dict(detector='faster-rcnn', iters=200)
metric = 'coco/bbox_mAP_50'
iters = 120
lams = ['2N/D']  # what 'auto' was when these were run

grid = [
    dict(methods=['full-set'], iters=200),
    dict(methods=['csod', 'uniform'], num_images=[24, 12], seeds=3),
    dict(methods=['csod-objectwise', 'facility-location', 'k-center', 'herding'], num_images=[24, 12], seeds=3),
    dict(methods=['csod', 'uniform'], num_images=[48], seeds=3),
    dict(methods=['csod-objectwise', 'facility-location', 'k-center', 'herding'], num_images=[48], seeds=3),
    dict(methods=['uniform'], num_images=[24, 12, 48], seeds=5),
    dict(methods=['max', 'ratio', 'full', 'graph-cut'], num_images=[24, 12, 48], seeds=3),
]
