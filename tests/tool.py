"""Commands as a user starts them: a process of its own, in the checkout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_script(script, *arguments, **environment):
    """Run a Python script with these arguments; return what came of it."""
    return subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, 'PYTHONPATH': str(ROOT), **environment},
    )


def run_tool(name, *arguments, **environment):
    """Run a script of `tools/`."""
    return run_script(f'tools/{name}.py', *arguments, **environment)
