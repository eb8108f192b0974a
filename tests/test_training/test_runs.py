"""Work dirs: no run on other images goes on in one, and none is overwritten unasked."""

import pytest

from mmcsod.records.coreset import Coreset, Pick
from mmcsod.training.options import RetrainOptions
from mmcsod.training.runs import images_digest, refuse_mixing, start_record
from mmcsod.util.errors import UserError

FIRST, OTHER = (Coreset(picks=tuple(map(Pick, names)), classes=('cat',), method='csod') for names in ('abc', 'abd'))


def record(coreset, num_images=None):
    return {
        'coreset': coreset and 'coreset.json',
        'num_images': num_images,
        'images_sha256': images_digest(coreset, num_images),
    }


def test_the_digest_is_of_the_images_in_use():
    assert images_digest(FIRST) != images_digest(OTHER) != images_digest(None)
    assert images_digest(FIRST, 2) == images_digest(OTHER, 2)


@pytest.mark.parametrize(
    ('other', 'named'),
    [(record(OTHER), r'coreset\.json'), (record(FIRST, 2), 'first 2 images of'), (record(None), 'full training set')],
)
@pytest.mark.parametrize('by_path', [False, True])
def test_a_run_on_other_images_is_not_continued(other, named, by_path, tmp_path):
    start_record(tmp_path, other, resume=False)
    options = RetrainOptions(resume=str(tmp_path / 'iter_2.pth') if by_path else 'auto')
    with pytest.raises(UserError, match=rf'holds a run on other images \(.*{named}'):
        refuse_mixing(tmp_path / 'new' if by_path else tmp_path, record(FIRST), options)
    start_record(tmp_path, record(FIRST), resume=False)
    refuse_mixing(tmp_path, record(FIRST), options)


@pytest.mark.parametrize(
    ('left', 'message'), [('result.json', 'finished run'), ('last_checkpoint', 'unfinished run; continue it with')]
)
def test_a_run_is_overwritten_only_on_request(left, message, tmp_path):
    (tmp_path / left).write_text('{}')
    with pytest.raises(UserError, match=message):
        refuse_mixing(tmp_path, record(FIRST), RetrainOptions())
    refuse_mixing(tmp_path, record(FIRST), RetrainOptions(overwrite=True))
    start_record(tmp_path, record(FIRST), resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ['run.json']
