# Figure 3: kinds of random selection at 200 images. Figure 4 is mmcsod analyze on this preset's coresets.
_base_ = '_base_/voc0712.py'

grid = [
    dict(methods=['full', 'uniform', 'ratio', 'count:700-1100', 'count:1000-1100', 'max', 'csod'], num_images=[200],
         lams=[0.04375], seeds=20),
]
