import copy
import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import bbox2roi

from mmcsod.features import label_scores
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.detector import build_tap
from mmcsod.features.label_scores import label_scorer
from mmcsod.util.errors import UserError
from tests.test_features.conftest import CLASSES, OPTIONS, build, extract

PROBABILITIES = (0.5, 0.2, 0.1, 0.2)  # cat, dog, bird, nothing


@pytest.fixture
def sure(cfg, detector):
    """A detector that sees the same in every box, and moves those of dogs by half their width."""
    head = detector.roi_head.bbox_head
    with torch.no_grad():
        for layer in (head.fc_cls, head.fc_reg):
            layer.weight.zero_()
            layer.bias.zero_()
        head.fc_cls.bias.copy_(torch.tensor(PROBABILITIES).log())
        head.fc_reg.bias[4] = 0.5 / head.bbox_coder.stds[0]
    return detector


def maps_and_rois(detector, sample):
    batch = {'inputs': [torch.from_numpy(sample.inputs)], 'data_samples': [sample.data_sample]}
    maps = detector.extract_feat(detector.data_preprocessor(batch, False)['inputs'])
    return maps, bbox2roi([torch.from_numpy(sample.boxes)])


def test_probabilities_and_overlap_by_hand(cfg, sure, tmp_path):
    bank = extract(sure, cfg, tmp_path / 'features', OPTIONS)
    labels, found = bank.objects['label'], bank.label_scores
    assert not bank.objects['ignored'].any()
    assert found['own'] == pytest.approx(np.array(PROBABILITIES)[labels], abs=1e-5)
    assert found['other'] == pytest.approx(np.where(labels == 0, 0.2, 0.5), abs=1e-5)
    assert found['other_label'].tolist() == np.where(labels == 0, 1, 0).tolist()
    moved = np.where((labels == 1)[:, None], [0.5, 0, 1.5, 1], [0, 0, 1, 1])
    assert found['refined'] == pytest.approx(moved, abs=1e-3)
    # A box moved by half its width overlaps itself in half of 1.5 widths.
    assert found['iou'] == pytest.approx(np.where(labels == 1, 1 / 3, 1), abs=1e-4)


def test_a_crowd_is_scored_in_parts(cfg, detector, monkeypatch):
    sample, head, counts = ExtractionDataset(cfg)[2], detector.roi_head, []
    scorer, forward = label_scorer(detector.eval(), CLASSES), head._bbox_forward

    def count(levels, rois):
        counts.append(len(rois))
        return forward(levels, rois)

    with torch.no_grad():
        maps, rois = maps_and_rois(detector, sample)
        at_once = scorer(maps, rois, sample.labels)
        monkeypatch.setattr(label_scores, 'ROIS_AT_ONCE', 2)
        monkeypatch.setattr(head, '_bbox_forward', count)
        in_parts = scorer(maps, rois, sample.labels)
    assert counts == [2, 1]
    for name in at_once.dtype.names:
        assert in_parts[name] == pytest.approx(at_once[name], abs=1e-5)


def test_each_object_has_its_own_scores_whatever_shares_a_batch(cfg, detector, tmp_path):
    bank = extract(detector, cfg, tmp_path / 'features', OPTIONS)
    pool = ExtractionDataset(cfg)
    scorer = label_scorer(detector, pool.classes)
    detector.eval()
    alone = []
    for index in range(len(pool)):
        sample = pool[index]
        with torch.no_grad():
            alone.append(scorer(*maps_and_rois(detector, sample), sample.labels))
    alone = np.concatenate(alone)
    for name in ('own', 'other', 'iou'):
        assert bank.label_scores[name] == pytest.approx(alone[name], abs=1e-5)
    assert len(np.unique(alone['own'])) > 10


@pytest.mark.parametrize(
    ('num_classes', 'names', 'is_scored'),
    [
        (3, CLASSES, True),
        (3, None, True),
        (3, ('cat', 'bird', 'dog'), False),
        (80, None, False),
    ],
)
def test_only_a_head_that_learnt_these_classes_is_asked(num_classes, names, is_scored, cfg, tmp_path):
    trained = copy.deepcopy(cfg)
    trained.model.roi_head.bbox_head.num_classes = num_classes
    meta = {} if names is None else {'dataset_meta': {'classes': names}}
    torch.save({'state_dict': build(trained).state_dict(), 'meta': meta}, tmp_path / 'weights.pth')
    bank = extract(build_tap(cfg, tmp_path / 'weights.pth').detector, cfg, tmp_path / 'features', OPTIONS)
    assert (bank.label_scores is not None) is is_scored
    assert np.isfinite(bank.vectors).all()


def test_a_bank_of_another_classifier_is_not_reused(cfg, sure, tmp_path):
    before = extract(sure, cfg, tmp_path / 'features', OPTIONS)
    with torch.no_grad():
        sure.roi_head.bbox_head.fc_cls.bias[0] += 5
    with pytest.raises(UserError, match='was made with another box head; name another --work-dir, or replace it'):
        extract(sure, cfg, tmp_path / 'features', OPTIONS)
    after = extract(sure, cfg, tmp_path / 'features', replace(OPTIONS, overwrite=True))
    assert np.array_equal(before.vectors, after.vectors)
    assert (before.label_scores['other'] != after.label_scores['other']).any()


def test_the_command_lists_and_writes(cfg, sure, tmp_path, capsys):
    from mmcsod.commands import main

    extract(sure, cfg, tmp_path / 'features', OPTIONS)
    with pytest.raises(SystemExit):
        main(['analyze', str(tmp_path / 'features'), '--suspicious', '3', '--out', str(tmp_path / 'out')])
    assert capsys.readouterr().out.count('bird has 0.10, cat has 0.50') == 3
    lines = list(csv.DictReader((tmp_path / 'out' / 'suspicious.csv').open()))
    classes = [line['class_name'] for line in lines]
    assert classes == sorted(classes, key=['bird', 'dog', 'cat'].index)
    assert lines[0]['other_class'] == 'cat'
    assert float(lines[0]['suspicion']) == pytest.approx(0.4, abs=1e-5)
