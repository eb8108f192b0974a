"""What a plan warns of."""

from mmcsod.training.options import RetrainOptions
from mmcsod.training.prepare import prepare


def test_a_model_for_another_number_of_classes_is_told(tiny_config, coco_coreset):
    options = RetrainOptions(iters=2, cfg_options={'model.bbox_head.num_classes': 80})
    assert any(
        warning.startswith('The data have 3 classes and the model 80;')
        for warning in prepare(tiny_config, coco_coreset, options).plan.warnings()
    )
    fitting = prepare(tiny_config, coco_coreset, RetrainOptions(iters=2))
    assert not any('classes' in warning for warning in fitting.plan.warnings())
