import pytest
from mmengine.config import Config

from mmcsod.datasets.build import build_leaves
from mmcsod.util.errors import UserError

from .conftest import coco_leaf


@pytest.mark.parametrize(
    ('wrapper', 'message'),
    [
        (
            {'type': 'CoresetDataset', 'coreset': 'nowhere.json'},
            r'^a coreset file nowhere\.json cannot be read: No such file',
        ),
        ({'type': 'RepeatDataset'}, "^The data of train_dataloader cannot be read .*'times'"),
    ],
)
def test_a_sentence_of_mmcsod_stays_as_it_is_and_any_other_error_becomes_one(wrapper, message, coco_root):
    config = Config({'train_dataloader': {'dataset': {**wrapper, 'dataset': coco_leaf(coco_root)}}})
    with pytest.raises(UserError, match=message):
        build_leaves(config, 'train')
