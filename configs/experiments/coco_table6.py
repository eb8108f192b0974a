# Table 6: COCO 2017, 400 and 800 images, with AP50 in the table; AP and AP75 are in the result lines.
#
# Not stated in the text this project has (section S3), and chosen here: Faster R-CNN C4 as on VOC, 5 iterations an
# image and at least 2,000, batch 16 at learning rate 0.02, lam 'auto', 5 runs.
name = 'coco2017'
detectors = {'faster-rcnn': 'mmdet::faster_rcnn/faster-rcnn_r50-caffe_c4-1x_coco.py'}
selector = dict(detector='faster-rcnn', iters=90000)
metric = 'coco/bbox_mAP_50'
iters = {400: 2000, 800: 4000}
cfg_options = {'train_dataloader.batch_size': 16}

grid = [dict(methods=['uniform', 'csod'], num_images=[400, 800], seeds=5)]
