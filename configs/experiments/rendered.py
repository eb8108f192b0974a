# The rendered set: bursts of 1 to 8 frames of 138 scenes, where photographs repeat themselves. Render it first:
#   python tools/dev/render_scenes.py
name = 'rendered'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_r18-w16_fpn_demo.py'}
selector = dict(detector='faster-rcnn', iters=500)
metric = 'coco/bbox_mAP_50'
iters = 250
lams = ['2N/D']  # what 'auto' was when these were run

ours = ['csod', 'csod-logdet', 'csod-mmr']
baselines = ['classwise-k-center', 'classwise-k-means', 'zcore']

grid = [
    dict(methods=['full-set'], iters=500),
    dict(methods=[*ours, 'uniform', 'classwise-facility-location'], num_images=[60], seeds=3),
    dict(methods=[*ours, 'uniform', 'classwise-facility-location'], num_images=[150], seeds=3),
    dict(methods=baselines, num_images=[60], seeds=3),
    dict(methods=[*ours, 'uniform', 'classwise-facility-location'], num_images=[60], seeds=5),
    dict(methods=baselines, num_images=[150], seeds=3),
    dict(methods=[*ours, 'uniform', 'classwise-facility-location'], num_images=[150], seeds=5),
]
