"""A metric that no evaluator gives is refused before anything is trained."""

from dataclasses import replace

import pytest

from mmcsod import UserError
from mmcsod.experiments.metric import check_metric
from tests.test_experiments.runs import make_experiment


@pytest.fixture
def experiment(detector_config):
    return make_experiment((), 'coco/bbox_mAP_50', tiny=str(detector_config))


def with_evaluator(experiment, **evaluator):
    return replace(experiment, cfg_options={'val_evaluator': evaluator})


def test_what_coco_metric_does_not_give_is_refused_with_the_names_there_are(experiment):
    for metric in ('coco/bbox_mAP', 'coco/bbox_mAP_50', 'coco/bbox_mAP_l'):
        check_metric(replace(experiment, metric=metric), ['tiny'])
    with pytest.raises(
        UserError,
        match=r"The evaluator of the detector 'tiny' gives no metric 'AP50'; choose one of "
        r'coco/bbox_mAP, coco/bbox_mAP_50,',
    ):
        check_metric(replace(experiment, metric='AP50'), ['tiny'])


def test_voc_metric_is_known_and_other_evaluators_are_not_judged(experiment):
    voc = with_evaluator(experiment, type='VOCMetric', metric='mAP', _delete_=True)
    check_metric(replace(voc, metric='pascal_voc/AP50'), ['tiny'])
    with pytest.raises(UserError, match='choose one of pascal_voc/mAP, pascal_voc/AP50'):
        check_metric(voc, ['tiny'])
    check_metric(replace(with_evaluator(experiment, type='OwnMetric', _delete_=True), metric='own/x'), ['tiny'])


def test_a_config_without_an_evaluator_is_refused(experiment):
    with pytest.raises(UserError, match='has no val_evaluator'):
        check_metric(replace(experiment, cfg_options={'val_evaluator': []}), ['tiny'])
