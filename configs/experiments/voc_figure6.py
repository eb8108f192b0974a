# Figure 6 and Table S1: AP50 by lam. The values between the extremes are not in the text this project has: chosen
# here are those that it names elsewhere, and some between. 'auto' is this project's own rule, 2 N / D.
_base_ = '_base_/voc0712.py'

grid = [
    dict(methods=['uniform'], num_images=[100, 200, 500, 1000], seeds=20),
    dict(methods=['csod'], num_images=[100, 200, 500, 1000], seeds=20,
         lams=['auto', 1e-10, 0.0125, 0.025, 0.0375, 0.04375, 0.05, 0.0625, 0.1, 0.25, 1e10]),
]
