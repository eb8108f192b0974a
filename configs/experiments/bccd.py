# Blood cells: three classes, one of them in every image many times over.
name = 'bccd'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_sgd_320x256_bccd.py'}
selector = dict(detector='faster-rcnn', iters=200)
metric = 'pascal_voc/mAP'
iters = 120
lams = ['2N/D']  # what 'auto' was when these were run

grid = [
    dict(methods=['full-set'], iters=200),
    dict(methods=['csod', 'uniform'], num_images=[10, 30], seeds=3),
    dict(methods=['facility-location', 'k-center'], num_images=[10, 30], seeds=3),
    dict(methods=['uniform'], num_images=[10, 30], seeds=5),
    dict(methods=['csod-objectwise', 'herding', 'max', 'ratio'], num_images=[10, 30], seeds=3),
]
