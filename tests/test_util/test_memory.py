import pytest

from mmcsod.util.memory import available_memory


@pytest.fixture
def machine(tmp_path):
    """A system of 8,000 kB available memory, to put control groups into."""
    (tmp_path / 'proc/self').mkdir(parents=True)
    (tmp_path / 'proc/meminfo').write_text('MemTotal: 9000 kB\nMemAvailable: 8000 kB\n')
    (tmp_path / 'proc/self/cgroup').write_text('0::/\n')
    return tmp_path


def write_group(machine, line, folder, **files):
    (machine / 'proc/self/cgroup').write_text(f'{line}\n')
    folder = machine / 'sys/fs/cgroup' / folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace('_stat', '.stat').replace('memory_', 'memory.', 1)).write_text(f'{text}\n')


def v2(machine, folder, limit, used):
    stat = 'anon 300\ninactive_file 200000\nactive_file 100000\nshmem 7'
    write_group(machine, '0::/a/b', folder, memory_max=limit, memory_current=used, memory_stat=stat)


def test_without_a_limit_it_is_the_machines(machine):
    assert available_memory(machine) == 8_192_000
    v2(machine, 'a/b', 'max', 400_000)
    assert available_memory(machine) == 8_192_000


def test_what_is_left_of_a_limit_counts_and_page_cache_is_left(machine):
    v2(machine, 'a/b', 1_000_000, 400_000)
    assert available_memory(machine) == 1_000_000 - 400_000 + 300_000
    v2(machine, 'a/b', 1_000_000, 1_500_000)
    assert available_memory(machine) == 0


@pytest.mark.parametrize('above', ['a', '.'])
def test_the_limit_of_a_group_above_holds_too(machine, above):
    v2(machine, 'a/b', 5_000_000, 400_000)
    v2(machine, above, 900_000, 600_000)
    assert available_memory(machine) == 600_000


def test_version_1_of_control_groups(machine):
    write_group(
        machine,
        '5:cpu:/c\n4:memory:/docker/x',
        'memory',
        memory_limit_in_bytes=2_000_000,
        memory_usage_in_bytes=1_500_000,
        memory_stat='inactive_file 1\ntotal_inactive_file 250000\ntotal_active_file 50000',
    )
    assert available_memory(machine) == 800_000
