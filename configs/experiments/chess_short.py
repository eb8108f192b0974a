# Chess boards with the demo's recipe, half as long as chess.py's runs: the rules that notice repeats, where none are.
name = 'chess_short'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py'}
selector = dict(detector='faster-rcnn', iters=80)
metric = 'coco/bbox_mAP_50'
iters = 80
lams = ['2N/D']  # what 'auto' was when these were run

methods = ['csod', 'csod-logdet', 'csod-mmr', 'uniform', 'classwise-facility-location']
grid = [
    dict(methods=['full-set']),
    dict(methods=methods, num_images=[24, 12], seeds=3),
    dict(methods=methods, num_images=[48, 101], seeds=3),
]
