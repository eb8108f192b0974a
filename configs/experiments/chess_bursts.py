# Chess boards as bursts of frames: is it the repeats, or the rendering? Make the frames first:
#   python tools/dev/make_bursts.py data/chess/annotations/train.json data/chess/train work_dirs/chess_bursts
name = 'chess_bursts'
detectors = {'faster-rcnn': 'configs/demo/faster-rcnn_mobilenet-v2_fpn_chess.py'}
selector = dict(detector='faster-rcnn', iters=80)
metric = 'coco/bbox_mAP_50'
iters = 80
lams = ['2N/D']  # what 'auto' was when these were run
cfg_options = {
    'train_dataloader.dataset.data_root': 'work_dirs/chess_bursts/',
    'train_dataloader.dataset.ann_file': 'annotations/train.json',
    'train_dataloader.dataset.data_prefix.img': 'train/',
}

methods = ['csod', 'csod-logdet', 'csod-mmr', 'uniform']
grid = [
    dict(methods=['full-set']),
    dict(methods=methods, num_images=[24, 12], seeds=3),
    dict(methods=methods, num_images=[48], seeds=3),
    # the best three of rendered.py's baselines
    dict(methods=['classwise-facility-location', 'zcore', 'classwise-k-means'], num_images=[24, 12, 48], seeds=3),
]
