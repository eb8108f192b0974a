from mmcsod.features.announce import surprises


def test_a_config_that_is_as_expected_is_not_remarked_on(cfg, detector):
    assert not list(surprises(cfg, detector, 3))


def test_a_model_for_other_classes_is_told(cfg, detector):
    (told,) = surprises(cfg, detector, 2)
    assert told.startswith('The model has 3 classes and the data 2: ')
    assert told.endswith('needs num_classes=2.')


def test_a_config_of_a_coreset_is_told(cfg, detector):
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(type='CoresetDataset', coreset='coreset.json', dataset=inner)
    (told,) = surprises(cfg, detector, 3)
    assert 'selected from the whole training set' in told
