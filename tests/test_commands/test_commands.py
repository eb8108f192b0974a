"""What all commands share: wrong arguments, Ctrl-C, and what is not installed."""

import argparse

import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.commands import COMMANDS, main, select
from mmcsod.commands.arguments import add_cfg_options
from tests.test_util.test_console import logger  # noqa: F401
from tests.tool import run_script

pytestmark = pytest.mark.usefixtures('logger')  # main() sets mmcsod's
# A machine with NumPy and the rest of requirements/runtime.txt: neither PyTorch nor MMDetection.
WITHOUT_DETECTOR = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'torch', 'mmengine', 'mmcv', 'mmdet', 'cv2', 'faiss', 'pycocotools'}:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)
sys.meta_path.insert(0, Missing())
from mmcsod.commands import main
main(sys.argv[1:])
"""


def without_detector(*words, cwd):
    return run_script('-c', WITHOUT_DETECTOR, *words, cwd=cwd, PATH='')


@pytest.fixture
def work_dir(tmp_path):
    rng = np.random.default_rng(0)
    FeatureBank.from_arrays(
        rng.normal(size=(40, 8)), [f'{index}.jpg' for index in range(40)], np.arange(40) % 4, ['a', 'b', 'c', 'd']
    ).save(tmp_path / 'features')
    return tmp_path


def test_without_a_detector_selecting_and_analyzing_work(work_dir):
    chosen = without_detector('select', '--bank', 'features', '--num-images', 4, 8, cwd=work_dir)
    assert chosen.returncode == 0, chosen.stderr
    coresets = ('coreset.json', 'coreset_classwise-facility-location_4_of_8.json')
    compared = without_detector('analyze', 'features', *coresets, '--out', 'figures', cwd=work_dir)
    assert compared.returncode == 0, compared.stderr
    assert 'no table of objects' in compared.stdout
    assert (work_dir / 'figures' / 'similarity.png').exists()


@pytest.mark.parametrize(
    ('words', 'module'),
    [
        (['select', 'config.py', 'model.pth', '--num-images', 3], 'mmengine'),
        (['retrain', 'config.py', 'coreset.json'], 'mmengine'),
        (['export', 'coreset.json', '--config', 'config.py', '--format', 'coco', '--out', 'out'], 'mmengine'),
        (['experiment', 'grid.py'], 'mmengine'),
        (['select', '--bank', 'features', '--num-images', 3, '--kernel', 'torch'], 'torch'),
    ],
)
def test_without_a_detector_the_others_say_what_to_install(words, module, work_dir):
    without_detector('select', '--bank', 'features', '--num-images', 4, cwd=work_dir)
    result = without_detector(*words, cwd=work_dir)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith('error: ')
    assert module in result.stderr.lower() or 'pytorch' in result.stderr.lower()


@pytest.mark.parametrize('command', COMMANDS)
def test_help_needs_no_detector(command, tmp_path):
    result = without_detector(command, '--help', cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (
            ['select', '--bank', 'b', '--num-images', 'many'],
            "error: argument --num-images: invalid int value: 'many' ('mmcsod select --help' says what there is).",
        ),
        (
            ['retrain', 'c.py', 'x.json', '--iter', '3', '--fast', '1'],
            "error: there is no option --fast 1 ('mmcsod retrain --help' says what there is).",
        ),
        (['nothing'], "error: argument COMMAND: invalid choice: 'nothing'"),
    ],
)
def test_a_wrong_argument_is_one_line(words, message, capsys):
    with pytest.raises(SystemExit) as outcome:
        main(words)
    assert outcome.value.code == 2
    printed = capsys.readouterr().err
    assert printed.startswith(message)
    assert printed.count('\n') == 1


def test_cfg_options_given_twice_both_count():
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    assert parser.parse_args([*['--cfg-options', 'a=1', 'b=2', '--cfg-options', 'c=3']]).cfg_options == [
        'a=1',
        'b=2',
        'c=3',
    ]
    assert parser.parse_args([]).cfg_options == []


def test_after_an_interrupt_it_is_said_how_to_go_on(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(select, 'main', interrupted)
    with pytest.raises(SystemExit) as outcome:
        main(['select', 'c.py', 'c.pth', '--num-images', '3'])
    assert outcome.value.code == 130
    assert capsys.readouterr().err == f'interrupted: {select.GO_ON}\n'


def test_the_list_of_commands_loads_nothing_that_takes_time():
    code = (
        "import sys; from mmcsod.commands import main\ntry: main(['--help'])\n"
        "except SystemExit: print({'numpy', 'torch', 'mmengine', 'scipy', 'tabulate'} & set(sys.modules))"
    )
    done = run_script('-c', code)
    assert done.stdout.endswith('set()\n'), done.stdout + done.stderr


def test_without_a_command_there_is_help(capsys):
    with pytest.raises(SystemExit) as outcome:
        main([])
    assert outcome.value.code == 0
    printed = capsys.readouterr().out
    assert all(f'{command} ' in printed.replace('\n', ' ') for command in COMMANDS)
