import json
from concurrent.futures import ProcessPoolExecutor

import pytest

from mmcsod import UserError
from mmcsod.experiments.results import append_result, read_results
from mmcsod.experiments.spec import Run


def make_run(seed=0, method='uniform'):
    return Run('small', method, 24, None, 'auto', 120, seed)


def append_many(path, start):
    for seed in range(start, start + 50):
        append_result(path, 'chess', make_run(seed), {'metrics': {'mAP': 0.5}, 'padding': 'x' * 5000})


def test_what_is_appended_is_read_and_the_first_of_two_lines_on_one_run_counts(tmp_path):
    path = tmp_path / 'results' / 'chess.jsonl'
    assert read_results(path, 'chess') == {}
    for seed in range(3):
        append_result(path, 'chess', make_run(seed), {'metrics': {'mAP': seed / 10}})
    append_result(path, 'bccd', make_run(3), {'metrics': {'mAP': 0.9}})
    append_result(path, 'chess', make_run(1), {'metrics': {'mAP': 0.9}})
    results = read_results(path, 'chess')
    assert {run.seed: line['metrics']['mAP'] for run, line in results.items()} == {0: 0.0, 1: 0.1, 2: 0.2}
    assert make_run(0) in results
    assert make_run(0, 'csod') not in results


def test_lam_survives_the_file(tmp_path):
    for lam in (0.04375, 1e10, 1e-10, '2N/D', 'coverage'):
        run = Run('small', 'csod', 24, lam, 'fc', 120, 0)
        append_result(tmp_path / 'r.jsonl', 'chess', run, {'metrics': {}})
        assert run in read_results(tmp_path / 'r.jsonl', 'chess')


@pytest.mark.parametrize(('cut', 'left'), [(0, {0, 1}), (1, {0, 1}), (2, {0}), (20, {0})])
def test_a_line_that_was_cut_off_is_dropped_and_a_lost_line_break_is_not_the_line(tmp_path, cut, left):
    path = tmp_path / 'r.jsonl'
    append_result(path, 'chess', make_run(0), {'metrics': {'mAP': 0.5}})
    append_result(path, 'chess', make_run(1), {'metrics': {'mAP': 0.6}})
    path.write_bytes(path.read_bytes()[: -cut or None])
    assert {run.seed for run in read_results(path, 'chess')} == left
    append_result(path, 'chess', make_run(2), {'metrics': {'mAP': 0.7}})
    assert {run.seed for run in read_results(path, 'chess')} == left | {2}


def test_lines_of_several_processes_stay_whole(tmp_path):
    path = tmp_path / 'r.jsonl'
    with ProcessPoolExecutor(3) as pool:
        list(pool.map(append_many, [path] * 3, [0, 100, 200]))
    assert len(read_results(path, 'chess')) == 150


@pytest.mark.parametrize('line', ['{"experiment": "chess"}', 'nonsense', '[1]', json.dumps('text')])
def test_refuses_lines_that_are_no_results(tmp_path, line):
    path = tmp_path / 'r.jsonl'
    path.write_text(line + '\n')
    with pytest.raises(UserError, match=r'Line 1 of the results .* is no result.*remove the line'):
        read_results(path, 'chess')


def test_lines_of_before_coverage_chose_lam_are_runs_of_2_n_over_d_with_equal_turns(tmp_path):
    run = {'detector': 'small', 'method': 'csod', 'num_images': 24, 'lam': 'auto', 'tap': 'fc', 'iters': 120, 'seed': 0}
    (tmp_path / 'r.jsonl').write_text(json.dumps({'experiment': 'chess', 'metrics': {}, **run}) + '\n')
    assert list(read_results(tmp_path / 'r.jsonl', 'chess')) == [
        Run('small', 'csod', 24, '2N/D', 'fc', 120, 0, 'equal')
    ]
