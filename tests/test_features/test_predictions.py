import csv

import numpy as np
import pytest
import torch

from mmcsod import UserError
from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.predictions import predict_objects

PROBABILITIES = (0.5, 0.2, 0.1, 0.2)  # cat, dog, bird, nothing


@pytest.fixture
def judge(cfg, detector):
    """A detector that sees the same in every box, and moves those of dogs by half their width."""
    head = detector.roi_head.bbox_head
    with torch.no_grad():
        for layer in (head.fc_cls, head.fc_reg):
            layer.weight.zero_()
            layer.bias.zero_()
        head.fc_cls.bias.copy_(torch.tensor(PROBABILITIES).log())
        head.fc_reg.bias[4] = 0.5 / head.bbox_coder.stds[0]
    return cfg, detector


def test_probabilities_and_overlap_by_hand(judge):
    cfg, detector = judge
    pool = ExtractionDataset(cfg)
    found = predict_objects(detector, pool)
    labels = pool.objects['label']
    assert not pool.objects['ignored'].any()
    assert found['own'] == pytest.approx(np.array(PROBABILITIES)[labels], abs=1e-5)
    assert found['other'] == pytest.approx(np.where(labels == 0, 0.2, 0.5), abs=1e-5)
    assert found['other_label'].tolist() == np.where(labels == 0, 1, 0).tolist()
    # A box moved by half its width overlaps itself in half of 1.5 widths.
    assert found['iou'] == pytest.approx(np.where(labels == 1, 1 / 3, 1), abs=1e-4)


def test_ignored_objects_are_not_judged(judge):
    cfg, detector = judge
    pool = ExtractionDataset(cfg)
    pool.objects['ignored'][0] = True
    first = next(index for index, image in enumerate(pool.objects['image']) if image)
    pool.objects['ignored'][1:first] = True
    found = predict_objects(detector, pool)
    assert np.isnan(found['own'][:first]).all()
    assert np.isfinite(found['own'][first:]).all()


def test_a_detector_of_other_classes_is_refused(judge):
    cfg, detector = judge
    pool = ExtractionDataset(cfg)
    pool.classes = (*pool.classes, 'more')
    with pytest.raises(UserError, match='knows 3 classes and the dataset has 4'):
        predict_objects(detector, pool)
    with pytest.raises(UserError, match='no RoI head with one box head'):
        predict_objects(torch.nn.Linear(1, 1), pool)


def test_the_command_lists_and_writes(judge, tmp_path, capsys, monkeypatch):
    from mmcsod.commands import main

    cfg, detector = judge
    cfg.dump(tmp_path / 'config.py')
    torch.save({'state_dict': detector.state_dict()}, tmp_path / 'weights.pth')
    with pytest.raises(SystemExit):
        main(
            [
                'suspicious',
                str(tmp_path / 'config.py'),
                str(tmp_path / 'weights.pth'),
                '--top',
                '3',
                '--num-workers',
                '0',
                '--out',
                str(tmp_path / 'labels.csv'),
            ]
        )
    printed = capsys.readouterr().out
    assert printed.count('bird has 0.10, cat has 0.50') == 3
    lines = list(csv.DictReader((tmp_path / 'labels.csv').open()))
    assert [line['class'] for line in lines] == sorted(
        (line['class'] for line in lines), key=['bird', 'dog', 'cat'].index
    )
    assert lines[0]['other_class'] == 'cat'
    assert float(lines[0]['suspicion']) == pytest.approx(0.4, abs=1e-5)
