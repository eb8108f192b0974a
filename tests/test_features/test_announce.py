from mmcsod.features.announce import surprises


def test_a_model_for_other_classes_and_a_config_of_a_coreset_are_told(cfg, detector):
    assert not list(surprises(cfg, detector, 3))
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(type='CoresetDataset', coreset='coreset.json', dataset=inner)
    of_coreset, of_classes = surprises(cfg, detector, 2)
    assert 'selected from the whole training set' in of_coreset
    assert of_classes.startswith('The model has 3 classes and the data 2: ')
    assert of_classes.endswith('needs num_classes=2.')
