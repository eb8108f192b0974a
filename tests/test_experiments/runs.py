"""Experiments of runs that nobody does."""

from mmcsod.experiments.spec import Experiment, Selector


def make_experiment(runs, metric='AP50', **detectors):
    return Experiment('trial', Selector('c', 'w'), detectors or {'small': 'small.py'}, metric, tuple(runs))
