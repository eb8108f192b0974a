from functools import partial

import numpy as np
import pytest

from mmcsod import Coreset, select_coreset
from tests.test_selection.banks import make_bank
from tests.tool import ROOT, run_script, run_tool


@pytest.fixture
def work_dir(tmp_path):
    make_bank(num_images=60).save(tmp_path / 'features')
    return tmp_path


select = partial(run_tool, 'select', PATH='')


def test_several_budgets_give_nested_files_and_a_summary(work_dir):
    result = select('--bank', work_dir / 'features', '--num-images', 20, 8, '--method', 'csod')
    assert result.returncode == 0, result.stderr
    large, small = Coreset.load(work_dir / 'coreset.json'), Coreset.load(work_dir / 'coreset_csod_8_of_20.json')
    assert large == select_coreset(make_bank(num_images=60), num_images=20, method='csod')
    assert small == large.prefix(8)
    lines = result.stdout.splitlines()
    assert any(line.startswith('read 86 vectors in ') for line in lines)
    total = next(line.split() for line in lines if line.startswith('all classes'))
    bank = make_bank(num_images=60)
    whole = len(np.unique(bank.rows['image'])), bank.rows['count'].sum()
    assert total[2:] == list(map(str, (8, objects_of(bank, small), 20, objects_of(bank, large), *whole)))
    assert 'the first 8 of 20 images are not what --num-images 8 alone gives' in result.stdout
    assert f'lam {large.parameters["lam"]:.6g} (auto: ' in result.stdout
    assert 'N / D, covers the pool best: mean cosine to the nearest selected image' in result.stdout
    assert f'Train on it: mmcsod retrain CONFIG {work_dir}/coreset.json' in result.stdout


def test_a_method_that_is_not_nested_selects_for_each_budget(work_dir):
    result = select('--bank', work_dir / 'features', '--num-images', 20, 8, '--method', 'full', '--seed', 3)
    assert result.returncode == 0, result.stderr
    bank = make_bank(num_images=60)
    for number, name in ((8, 'coreset_full_8.json'), (20, 'coreset.json')):
        expected = select_coreset(bank, num_images=number, method='full', seed=3)
        assert Coreset.load(work_dir / name) == expected


def objects_of(bank, coreset):
    chosen = np.isin(bank.image_ids.astype(str), coreset.image_ids)
    return int(bank.rows['count'][chosen].sum())


def test_lists_classes_and_an_earlier_coreset(work_dir):
    select('--bank', work_dir / 'features', '--num-images', 5, '--out', work_dir / 'first.json')
    first = Coreset.load(work_dir / 'first.json')
    (work_dir / 'bad.txt').write_text('050.jpg\n051.jpg\n')
    lists = ('--include', work_dir / 'first.json', '--exclude', work_dir / 'bad.txt', '--classes', 'class 1,class 2')
    numbers = ('--ratio', 0.3, '--lam', 0.2)
    result = select('--bank', work_dir / 'features', *numbers, *lists, '--out', work_dir / 'second.json')
    assert result.returncode == 0, result.stderr
    second = Coreset.load(work_dir / 'second.json')
    assert second.image_ids[:5] == first.image_ids
    assert not {'050.jpg', '051.jpg'} & set(second.image_ids)
    assert {pick.label for pick in second.picks[5:]} == {1, 2}
    assert 'lam 0.2 (as given)' in result.stdout


def test_no_coreset_is_replaced_that_differs(work_dir):
    """The two lines of README, one after the other; then another budget, another lam, and --overwrite."""
    bank = ('--bank', work_dir / 'features', '--method', 'csod')
    assert select(*bank, '--num-images', 9).returncode == 0
    first = Coreset.load(work_dir / 'coreset.json')
    result = select(*bank, '--num-images', 5, 9, 20)
    assert result.returncode == 0, result.stderr
    assert f'{work_dir}/coreset.json holds another coreset, which stays' in result.stdout
    assert Coreset.load(work_dir / 'coreset.json') == first
    named = {name: Coreset.load(work_dir / f'coreset_csod_{name}.json') for name in ('5_of_20', '9_of_20', '20')}
    assert [len(coreset) for coreset in named.values()] == [5, 9, 20]
    assert select(*bank, '--num-images', 20).returncode == 0  # the same again is written where it is
    before = {path: path.read_bytes() for path in work_dir.glob('*.*')}
    result = select(*bank, '--num-images', 20, '--lam', 3)
    assert result.returncode == 2
    assert result.stderr == (
        f'error: {work_dir}/coreset_csod_20.json holds another coreset; name another file with '
        '--out, or replace it with --overwrite.\n'
    )
    assert {path: path.read_bytes() for path in work_dir.glob('*.*')} == before
    assert select(*bank, '--num-images', 20, '--lam', 3, '--overwrite').returncode == 0
    assert Coreset.load(work_dir / 'coreset.json').parameters['lam'] == 3


def test_a_list_of_the_picks_lies_beside_the_coreset_and_replaces_no_other_list(work_dir):
    bank = ('--bank', work_dir / 'features')
    select(*bank, '--num-images', 5, '--work-dir', work_dir / 'mine')
    picks = Coreset.load(work_dir / 'mine' / 'coreset.json').image_ids
    assert (work_dir / 'mine' / 'coreset.txt').read_text().split() == picks
    include = ('--include', work_dir / 'mine' / 'coreset.txt')
    again = select(*bank, '--num-images', 7, *include, '--work-dir', work_dir / 'mine')
    assert Coreset.load(work_dir / 'mine' / 'coreset_classwise-facility-location_7.json').image_ids[:5] == picks
    assert '5 images were included from the start and count; the ' in again.stdout
    (work_dir / 'labelled.txt').write_text('mine\n')
    result = select(*bank, '--num-images', 5, '--out', work_dir / 'labelled.json')
    assert result.returncode == 2
    assert 'labelled.txt, where the list of images belongs, holds something else' in result.stderr
    assert (work_dir / 'labelled.txt').read_text() == 'mine\n'
    assert not (work_dir / 'labelled.json').exists()


def test_tables_spare_files_of_others(work_dir):
    words = ['--bank', work_dir / 'features', '--num-images', 8, 5, '--method', 'csod', '--out', work_dir / 'a.json']
    small = work_dir / 'a_csod_5_of_8.csv'
    small.write_text('mine\n')
    done = select(*words)
    assert small.read_text() == 'mine\n'
    assert f'{small} is something else; --overwrite replaces it' in done.stdout
    header, *rows = (work_dir / 'a.csv').read_text().splitlines()
    assert [row.split(',')[1] for row in rows].count('keep') == 8
    assert select(*words, '--overwrite').returncode == 0
    assert small.read_text().startswith(header)


def test_several_banks_are_refused(work_dir):
    done = select('--bank', work_dir / 'features', work_dir / 'features', '--num-images', 5)
    assert done.returncode == 2
    assert 'selecting with several at once was removed, so give one' in done.stderr


def test_a_dry_run_writes_nothing(work_dir):
    result = select('--bank', work_dir / 'features', '--num-images', 20, '--dry-run', '--memory', '1KB')
    assert result.returncode == 0, result.stderr
    assert 'method classwise-facility-location, 20 images' in result.stdout
    assert 'at most 1 kB of similarities (--memory)' in result.stdout
    result = select('--bank', work_dir / 'features', '--num-images', 20, '--dry-run', '--method', 'csod')
    assert 'method csod, 20 images' in result.stdout
    assert 'mode: ' in result.stdout
    assert 'read in place' in result.stdout
    assert [path.name for path in work_dir.iterdir()] == ['features']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--num-images', 5, '--method-options', 'weight'], "error: --method-options was given 'weight'; write KEY="),
        (['--num-images', 5, '--bank', 'a', 'b'], 'error: 2 feature banks were given; selecting with several at once'),
        (['--num-images', 5, 9, '--out', '.'], 'error: . is a folder, and a file is to be written there'),
        (['--num-images', 5, '--out', '/dev/zero'], 'error: /dev/zero is a device, pipe or socket'),
        (['--num-images', 5, '--out', '/dev/null/coreset.json'], 'could not be written'),
    ],
)
def test_bad_options_are_one_sentence_and_nothing_is_written(work_dir, arguments, message):
    result = select('--bank', work_dir / 'features', *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in work_dir.iterdir()] == ['features']


def test_the_tool_does_not_stand_in_for_pythons_own_select():
    # A script's folder is first on the module path; subprocess imports select.
    code = f'import sys; sys.path.insert(0, {str(ROOT / "tools")!r}); import select, subprocess; print(select.select)'
    assert run_script('-c', code).stdout.startswith('<built-in function select')


def test_settings_of_a_method_go_into_the_coreset(work_dir):
    bank = ('--bank', work_dir / 'features', '--num-images', 5)
    assert select(*bank, '--method', 'csod-logdet', '--method-options', 'weight=2', 'epsilon=0.01').returncode == 0
    settings = {'weight': 2.0, 'epsilon': 0.01}
    coreset, bank = Coreset.load(work_dir / 'coreset.json'), make_bank(num_images=60)
    assert coreset.parameters['method_options'] == settings
    assert coreset == select_coreset(bank, num_images=5, method='csod-logdet', method_options=settings)
    assert coreset.picks != select_coreset(bank, num_images=5, method='csod-logdet').picks
