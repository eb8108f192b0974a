"""Whether the evaluators of a config give the metric that an experiment is about, known before anything is trained."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mmengine.config import Config

from mmcsod.experiments.spec import Experiment
from mmcsod.util.config import load_config, type_name
from mmcsod.util.errors import UserError

COCO_ITEMS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l')


def check_metric(experiment: Experiment, detectors: Collection[str]) -> None:
    """Refuse a metric that no evaluator of a detector's config gives, or a config without one.

    CocoMetric's and VOCMetric's names are known. Where another evaluator is among them, nothing is said.
    """
    for name in detectors:
        config = load_config(experiment.detectors[name], experiment.cfg_options)
        given = [names for evaluator in _evaluators(config) for names in [_names(evaluator)]]
        if not given:
            raise UserError(
                f"The config of the detector '{name}' has no val_evaluator, so that its training ends "
                f"without the metric '{experiment.metric}'; add one."
            )
        known = [metric for names in given if names is not None for metric in names]
        if None not in given and experiment.metric not in known:
            raise UserError(
                f"The evaluator of the detector '{name}' gives no metric '{experiment.metric}'; choose one "
                f'of {", ".join(known)}.'
            )


def _evaluators(config: Config) -> Sequence[Mapping[str, Any]]:
    evaluator = config.get('val_evaluator') or []
    return [evaluator] if isinstance(evaluator, Mapping) else list(evaluator)


def _names(evaluator: Mapping[str, Any]) -> list[str] | None:
    """Return the metrics that an evaluator gives, as the logs call them, None if that is not known."""
    kind = type_name(evaluator)
    metrics = evaluator.get('metric', 'mAP' if kind == 'VOCMetric' else 'bbox')
    metrics = [metrics] if isinstance(metrics, str) else list(metrics)
    if kind == 'CocoMetric' and set(metrics) <= {'bbox', 'segm'} and not evaluator.get('classwise'):
        items = evaluator.get('metric_items') or COCO_ITEMS
        return [f'{evaluator.get("prefix") or "coco"}/{metric}_{item}' for metric in metrics for item in items]
    if kind == 'VOCMetric' and metrics[0] == 'mAP':
        thresholds = evaluator.get('iou_thrs', 0.5)
        thresholds = [thresholds] if isinstance(thresholds, float) else thresholds
        return [
            f'{evaluator.get("prefix") or "pascal_voc"}/{name}'
            for name in ('mAP', *(f'AP{int(threshold * 100):02d}' for threshold in thresholds))
        ]
    return None
