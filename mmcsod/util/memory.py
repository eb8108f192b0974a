"""How much memory this process may still use."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PAGE_CACHE = ('inactive_file', 'active_file')
"""What of a control group's usage the system gives up when memory is short."""


def available_memory(root: Path = Path('/')) -> int:
    """Return the bytes of memory that this process may still use, page cache counted in."""
    lines = (root / 'proc/meminfo').read_text(encoding='ascii').splitlines()
    machine = next(1024 * int(line.split()[1]) for line in lines if line.startswith('MemAvailable'))
    return min([machine, *(left for left in map(_left, _groups(root)) if left is not None)])


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups and of those above, whose limits hold as well.

    A container may not see the folder that its path names; what it sees is below the mount's root then.
    """
    for line in (root / 'proc/self/cgroup').read_text(encoding='utf-8').splitlines():
        _, controllers, path = line.split(':', 2)
        if not controllers or 'memory' in controllers.split(','):
            mount = root / 'sys/fs/cgroup' / ('memory' if controllers else '')
            group = PurePosixPath(path).relative_to('/')
            yield from (mount / folder for folder in (group, *group.parents))


def _left(group: Path) -> int | None:
    """Return what is left of a control group's limit, of either version of the interface; None if it has none."""
    for limit, usage, prefix in (
        ('memory.max', 'memory.current', ''),
        ('memory.limit_in_bytes', 'memory.usage_in_bytes', 'total_'),
    ):
        try:
            most, used = (int((group / name).read_text(encoding='ascii')) for name in (limit, usage))
            stat = (group / 'memory.stat').read_text(encoding='ascii').splitlines()
        except (OSError, ValueError):  # not there, or 'max'
            continue
        counts = dict(line.split() for line in stat)
        cache = sum(int(counts.get(prefix + name, 0)) for name in PAGE_CACHE)
        return max(0, most - used + cache)
    return None
