# Table 2: imagewise beside objectwise selection of 200 images. Its list changes are mmcsod analyze on the coresets,
# the one of lam = 1e10 first. The paper prints 0.038 and 0.013; 0.0375 and 0.0125 are our reading of them.
_base_ = '_base_/voc0712.py'

grid = [
    dict(methods=['uniform'], num_images=[200], seeds=20),
    dict(methods=['csod'], num_images=[200], lams=[1e10, 0.1, 0.05, 0.0375, 0.0125], seeds=20),
    dict(methods=['csod-objectwise'], num_images=[200], lams=[1e10, 0.125, 0.075, 0.051, 0.015], seeds=20),
]
