import pytest

from mmcsod import UserError
from mmcsod.experiments.spec import FULL_SET, Run, join, load_experiment

HEAD = """
detectors = {'small': 'small.py', 'large': 'large.py'}
selector = dict(detector='small', iters=200)
metric = 'coco/bbox_mAP_50'
iters = 120
"""


@pytest.fixture
def load(tmp_path):
    def _load(text, **overrides):
        path = tmp_path / 'trial.py'
        path.write_text(text)
        return load_experiment(path, overrides)

    return _load


def test_runs_are_the_product_with_seeds_outermost_and_each_once(load):
    experiment = load(
        HEAD
        + """grid = [
        dict(methods=['csod', 'uniform'], num_images=[24, 12], seeds=2, detectors=['small']),
        dict(methods=['uniform'], num_images=[24], seeds=[1, 7], detectors=['small'])]"""
    )
    assert experiment.name == 'trial'
    expected = [(method, number, seed) for seed in (0, 1) for number in (24, 12) for method in ('csod', 'uniform')]
    found = [(run.method, run.num_images, run.seed) for run in experiment.runs]
    assert found == [*expected, ('uniform', 24, 7)]
    assert {(run.method, run.lam, run.tap) for run in experiment.runs} == {
        ('csod', 'coverage', 'auto'),
        ('uniform', None, 'auto'),
    }


def test_lam_and_iters_may_depend_on_the_budget(load):
    experiment = load(
        HEAD
        + """grid = [dict(methods=['csod'], num_images=[100, 200], detectors=['large'],
        lams=[{100: 0.0125, 200: 0.04375}], iters={100: 500, 200: 1000})]"""
    )
    assert experiment.runs == (
        Run('large', 'csod', 100, 0.0125, 'auto', 500, 0),
        Run('large', 'csod', 200, 0.04375, 'auto', 1000, 0),
    )


def test_the_full_set_has_no_budget_lam_or_tap(load):
    experiment = load(HEAD + f"grid = [dict(methods=['{FULL_SET}'], iters=200, seeds=2, detectors=['small'])]")
    assert experiment.runs == tuple(Run('small', FULL_SET, None, None, None, 200, seed) for seed in (0, 1))


def test_names_of_runs_differ_as_the_runs_do(load):
    experiment = load(
        HEAD
        + """grid = [
        dict(methods=['csod', 'uniform', 'count:7-9', 'full-set'], num_images=[24, 12], seeds=2, lams=['auto', 0.5],
             taps=['roi', 'fc'])]"""
    )
    assert len({run.name for run in experiment.runs}) == len(experiment.runs)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', "no entry 'grid'"),
        ("grid = [dict(methods=['uniform'])]", "'uniform' of .* needs 'num_images'"),
        ("grid = [dict(methods=['uniform'], num_images=[0])]", 'num_images is 0; ask for 1 or more'),
        ("grid = [dict(methods=['herdin'], num_images=[3])]", "Unknown selection method 'herdin'"),
        ("grid = [dict(methods=['uniform'], num_image=[3])]", "unknown entry 'num_image'"),
        ('grid = 3', "'grid' a list of dicts"),
        ("detectors = ['small']\ngrid = []", "'detectors' must be a dict"),
        ("grid = [dict(methods=['uniform'], num_images=24)]", r"'num_images' .* is 24; write a list, \[24\]"),
        ("grid = [dict(methods=['csod'], num_images=[3], lams=0.05)]", r"'lams' .* is 0.05; write a list, \[0.05\]"),
        ("grid = [dict(methods=['csod'], num_images=[3], lams=['autp'])]", 'lam is autp'),
        ("grid = [dict(methods=['csod'], num_images=[3], seeds=[-1])]", r"'seeds' .* is \[-1\]; give how many"),
        ("grid = ['uniform']", "no entry 'methods'"),
        ("grid = [dict(methods=['uniform'], num_images=[3], detectors=['huge'])]", "names the detector 'huge'"),
        ("grid = [dict(methods=['csod'], num_images=[3], lams=[{4: 1}])]", "'lam' of .* no value for 3 images"),
        ("iters = None\ngrid = [dict(methods=['csod'], num_images=[3])]", "needs 'iters'"),
        ("selector = dict(detector='huge', iters=3)\ngrid = []", "'huge', which is not one of its detectors"),
        ("selector = dict(bank=['a', 'b'])\ngrid = []", 'give one folder'),
        ("selector = dict(detector='small')\ngrid = []", "needs 'config' and 'checkpoint', 'detector' and"),
        ("selector = dict(config='a', checkpoint='b', depth=3)\ngrid = []", 'unknown entry'),
    ],
)
def test_refusals(load, text, message):
    with pytest.raises(UserError, match=message):
        load(HEAD + text)


def test_turns_and_lam_2_n_over_d_are_of_a_run_where_the_method_has_them(load):
    grid = "dict(methods=['csod', 'uniform', 'full'], num_images=[9], lams=['2N/D', 'auto'], turns=['equal', 'sqrt'])"
    runs = load(HEAD + f"detectors = {{'small': 'small.py'}}\ngrid = [{grid}]").runs
    assert {(run.method, run.lam, run.turns) for run in runs} == {
        *(('csod', lam, turns) for lam in ('2N/D', 'coverage') for turns in ('equal', 'sqrt')),
        *(('uniform', None, turns) for turns in ('equal', 'sqrt')),
        ('full', None, 'equal'),
    }
    names = {run.coreset_name for run in runs}
    assert len(names) == 7
    assert not any('/' in name for name in names)


def test_experiments_of_the_same_detectors_are_joined_under_the_first_ones_name(load):
    grid = "grid = [dict(methods=['uniform'], num_images=[24], seeds=[{}], detectors=['small'])]"
    first, second = (load(f"{HEAD}name = 'trial_{seed}'\n{grid.format(seed)}") for seed in (0, 1))
    other = load(HEAD.replace('small.py', 'other.py') + grid.format(0))
    found = [dict.fromkeys(each.runs, name) for name, each in zip('abc', (first, second, other), strict=True)]
    joined = join([first, second, other], found)
    assert [experiment.name for experiment, _ in joined] == ['trial_0', 'trial']
    assert joined[0][0].runs == first.runs + second.runs
    assert [results for _, results in joined] == [found[0] | found[1], found[2]]
    with pytest.raises(UserError, match='trial_0 and trial_0 both have the run small_120i_uniform'):
        join([first, first], found[:2])
