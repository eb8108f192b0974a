"""``mmcsod experiment`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['experiment', *sys.argv[1:]])
