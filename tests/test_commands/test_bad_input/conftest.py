"""Whatever is wrong with a file or an option, a command says it in one sentence, as a user meets it."""

import shutil
from types import SimpleNamespace

import pytest
import torch

from mmcsod.commands import main
from mmcsod.features import chunks, extract
from tests.test_features.conftest import build, small_config, write_coco
from tests.test_util.test_console import logger  # noqa: F401


@pytest.fixture(autouse=True)
def _logger_of_its_own(logger):  # noqa: F811
    """main() sets mmcsod's."""


@pytest.fixture(scope='package')
def made(tmp_path_factory):
    """What runs without a fault leave: data, a config, weights, a bank, an unfinished extraction and a coreset."""
    home = tmp_path_factory.mktemp('made')
    write_coco(home / 'data', 8)
    config = small_config(home / 'data')
    config.train_dataloader.batch_size = 2
    config.dump(home / 'config.py')
    torch.save({'state_dict': build(config).state_dict()}, home / 'model.pth')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, 'CHUNK_SIZE', 4)
        assert status(*extraction(home), '--keep-objects') == 0
        patch.setattr(extract, 'publish', lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert status(*extraction(home, home / 'cut')) == 130
    assert (home / 'cut' / 'features.partial' / 'chunk_000001.npz').exists()
    return home


@pytest.fixture
def run(made, tmp_path, capfd, monkeypatch):
    """A copy of what may be damaged, the data where they are, and a way to run commands on them."""
    monkeypatch.setattr(chunks, 'CHUNK_SIZE', 4)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'model.pth').symlink_to(made / 'model.pth')
    for name in ('features', 'cut', 'coreset.json', 'config.py'):
        (shutil.copytree if (made / name).is_dir() else shutil.copy)(made / name, tmp_path / name)

    def answered(*words):
        """Run a command; return its error in one sentence, None where it ends well."""
        ended = status(*words)
        out, err = capfd.readouterr()
        assert 'Traceback' not in out + err, err
        said = [line for line in err.split('\n') if 'error' in line.lower()]
        assert ended in (0, 1) or (ended == 2 and len(said) == 1 and said[0].startswith('error: ')), (ended, err)
        return said[0] if ended == 2 else None

    def refused(*words):
        before = listing(tmp_path)
        assert answered(*words) is not None
        assert listing(tmp_path) == before

    return SimpleNamespace(home=tmp_path, data=made / 'data', refused=refused, answered=answered)


def status(*words):
    with pytest.raises(SystemExit) as end:
        main(list(map(str, words)))
    return end.value.code or 0


def listing(folder):
    """All files and their sizes; a lock file is no result, nor is a folder of nothing else."""
    files = [path for path in folder.rglob('*') if path.is_file() and path.suffix != '.lock']
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def extraction(home, work_dir=None):
    return (
        'select', home / 'config.py', home / 'model.pth', '--num-images', 3, '--work-dir', work_dir or home,
        '--num-workers', 0, '--no-report',
    )  # fmt: skip
