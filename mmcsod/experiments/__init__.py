"""The paper's protocol: select, retrain and evaluate over a grid of methods, budgets, seeds and detectors."""
