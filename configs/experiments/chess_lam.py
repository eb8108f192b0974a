# Does lam = 'auto' hold up? Figure 6 on a small scale.
_base_ = 'chess.py'

grid = [dict(methods=['uniform', 'csod'], num_images=[24], lams=['auto', 0.0125, 0.05, 0.5, 1e10], seeds=3)]
