import json

import pytest

from mmcsod import Coreset, Pick, UserError


@pytest.fixture
def coreset():
    return Coreset(
        picks=(Pick('b/2.jpg', None), Pick('a "1".jpg', 1, 2.4, 1 / 3, -0.1), Pick('ü.jpg', 0, 1.0, 0.0, 1.0)),
        classes=('cat', 'dog'),
        method='csod',
        parameters={'lam': 0.1, 'num_images': 3},
        provenance={'tap': 'fc'},
    )


def test_what_is_saved_is_what_is_loaded(coreset, tmp_path):
    coreset.save(tmp_path / 'new' / 'coreset.json')
    assert Coreset.load(tmp_path / 'new' / 'coreset.json') == coreset
    assert coreset.image_ids == ['b/2.jpg', 'a "1".jpg', 'ü.jpg']


def test_the_file_is_for_people_and_diffs(coreset, tmp_path):
    coreset.save(tmp_path / 'coreset.json')
    text = (tmp_path / 'coreset.json').read_text(encoding='utf-8')
    assert [line.strip()[:14] for line in text.splitlines() if 'image_id' in line] == ['{"image_id": "'] * 3
    assert 'ü.jpg' in text
    coreset.prefix(2).save(tmp_path / 'prefix.json')
    shorter = (tmp_path / 'prefix.json').read_text(encoding='utf-8').splitlines()
    assert set(map(str.strip, shorter)) - {line.strip().rstrip(',') for line in text.splitlines()} <= {
        line.strip() for line in text.splitlines()
    }


def test_a_prefix_is_the_first_picks(coreset):
    assert coreset.prefix(2).picks == coreset.picks[:2]
    assert coreset.prefix(3) == coreset
    for number in (0, 4, -1):
        with pytest.raises(UserError, match=f'A prefix of {number} images was asked of a coreset that has 3'):
            coreset.prefix(number)


@pytest.mark.parametrize(
    ('entries', 'message'),
    [
        ({'format': 'coco'}, 'is not a coreset file: it has no "format": "mmcsod-coreset"'),
        ({'version': 99}, 'version 99 and this mmcsod reads version 1; upgrade'),
        ({'picks': []}, 'a coreset of no images'),
        ({'picks': [{'image_id': 'a'}, {'image_id': 'b'}, {'image_id': 'a'}]}, 'names the image a twice'),
        ({'picks': [{'image_id': 'a', 'label': 2}]}, 'gives image a the label 2, but it has only 2 classes'),
        ({'picks': [{'image_id': 'a', 'label': 'cat'}]}, 'or a damaged one'),
        ({'picks': [{'image_id': 'a', 'label': True}]}, 'or a damaged one'),
        ({'nested': 'yes'}, 'or a damaged one'),
        ({'picks': [{'image_id': '\ud800'}]}, 'not valid JSON .*surrogates'),
        ({'picks': [{'image_id': 'a', 'score': float('nan')}]}, 'not valid JSON .NaN is no JSON'),
    ],
)
def test_a_file_that_is_no_coreset_is_refused(coreset, tmp_path, entries, message):
    coreset.save(tmp_path / 'coreset.json')
    content = json.loads((tmp_path / 'coreset.json').read_text(encoding='utf-8'))
    (tmp_path / 'coreset.json').write_text(json.dumps({**content, **entries}), encoding='utf-8')
    with pytest.raises(UserError, match=message):
        Coreset.load(tmp_path / 'coreset.json')


def test_a_coreset_may_be_edited_and_one_of_version_0_1_has_a_checksum_that_is_passed_over(coreset, tmp_path):
    path = tmp_path / 'coreset.json'
    coreset.save(path)
    content = json.loads(path.read_text(encoding='utf-8'))
    assert 'sha256' not in content
    content['picks'].reverse()
    path.write_text(json.dumps({'sha256': '0' * 64, **content}))
    assert Coreset.load(path).picks == coreset.picks[::-1]
