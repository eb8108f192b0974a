# Two selectors at once: the one that chess_short.py trains, and ImageNet's backbone. First run these two presets.
name = 'chess_averaged'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py'}
selector = dict(bank=['work_dirs/chess_short/features_auto', 'work_dirs/imagenet_chess/features'])
metric = 'coco/bbox_mAP_50'
iters = 80

grid = [
    dict(methods=['csod'], num_images=[24], seeds=3),
]
