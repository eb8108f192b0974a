# Table 1: methods from image classification; its rows for random and CSOD are Figure 5 too.
# "Submodular Function [14]" is ambiguous: facility location and graph cut are both run (docs/methods.md).
_base_ = '_base_/voc0712.py'

# section 4.4.1; with 20 it is meaningless
papers_lams = [{20: 1e10, 100: 0.0125, 200: 0.04375, 500: 0.0625, 1000: 0.025}]
budgets = [20, 100, 200, 500, 1000]
grid = [
    dict(methods=['uniform', 'csod'], num_images=budgets, lams=papers_lams, seeds=20),
    dict(methods=['herding', 'k-center', 'facility-location'], num_images=budgets, seeds=20),
    dict(methods=['graph-cut'], num_images=budgets, seeds=20),
    dict(methods=['full-set']),
]
