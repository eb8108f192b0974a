# Chess boards with the light recipe: today's defaults beside Eq. 4 and the ways of drawing. Features of ImageNet's
# backbone select. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_chess.py --num-images 24 \
#       --work-dir work_dirs/imagenet_chess
name = 'chess_light'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_chess.py'}
selector = dict(bank='work_dirs/imagenet_chess/features')
metric = 'coco/bbox_mAP_50'
iters = 150
num_images = [24]  # 2 a class

grid = [
    dict(block, seeds=[seed])  # a seed of every method before the next
    for seed in range(3)
    for block in (
        dict(methods=['classwise-facility-location'], turns=['proportional']),
        dict(methods=['csod', 'uniform']),
        dict(methods=['csod'], lams=['2N/D']),
        dict(methods=['full', 'stride']),
    )
]
