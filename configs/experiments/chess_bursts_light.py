# chess_light.py with each photograph as a burst of one to eight frames. First make the frames, then their features:
#   python tools/dev/make_bursts.py data/chess/annotations/train.json data/chess/train work_dirs/chess_bursts
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_chess.py --num-images 24 \
#       --work-dir work_dirs/imagenet_chess_bursts \
#       --cfg-options train_dataloader.dataset.data_root=work_dirs/chess_bursts/ \
#       train_dataloader.dataset.ann_file=annotations/train.json train_dataloader.dataset.data_prefix.img=train/
_base_ = 'chess_light.py'
name = 'chess_bursts_light'
selector = dict(bank='work_dirs/imagenet_chess_bursts/features')
cfg_options = {
    'train_dataloader.dataset.data_root': 'work_dirs/chess_bursts/',
    'train_dataloader.dataset.ann_file': 'annotations/train.json',
    'train_dataloader.dataset.data_prefix.img': 'train/',
}
