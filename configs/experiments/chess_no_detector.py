# Images chosen before anything was trained, by ImageNet's backbone. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py --num-images 24 \
#       --work-dir work_dirs/imagenet_chess
name = 'chess_no_detector'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py'}
selector = dict(bank='work_dirs/imagenet_chess/features')
metric = 'coco/bbox_mAP_50'
iters = 80
lams = ['2N/D']  # what 'auto' was when these were run

grid = [
    dict(methods=['csod'], num_images=[24], seeds=3),
    dict(methods=['csod'], num_images=[12], seeds=3),
]
