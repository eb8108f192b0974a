# Table 7 on a small scale: images selected with Faster R-CNN, other detectors trained on them.
_base_ = 'chess.py'

detectors = {
    'retinanet': 'configs/small/retinanet_mobilenet-v2_fpn_sgd_320x256_chess.py',
    'fcos': 'configs/small/fcos_mobilenet-v2_fpn_sgd_320x256_chess.py',
}
grid = [dict(methods=['csod', 'uniform'], num_images=[24], seeds=3)]
