# Blood cells with the small family's AdamW recipe.
name = 'bccd_adamw'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_bccd.py'}
selector = dict(detector='faster-rcnn', iters=120)
metric = 'pascal_voc/mAP'
iters = 80
lams = ['2N/D']  # what 'auto' was when these were run

methods = ['csod', 'classwise-facility-location', 'uniform', 'csod-logdet', 'csod-mmr']
grid = [
    dict(methods=methods, num_images=[30], seeds=3),
    dict(methods=methods, num_images=[10, 146], seeds=3),
]
