"""``mmcsod select`` from a checkout."""

import sys

if __name__ == '__main__':
    from mmcsod.commands import main

    main(['select', *sys.argv[1:]])
else:
    # A script's folder comes first on the module path, so Python's own `select` would be this file, for every
    # script in this folder. Hand out the real one.
    import importlib.machinery
    import importlib.util
    import os

    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib is not loaded yet)
    spec = importlib.machinery.PathFinder.find_spec(
        'select',
        [path for path in sys.path if os.path.abspath(path) != here],  # noqa: PTH100
    )
    sys.modules['select'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules['select'])
