"""``mmcsod export`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['export', *sys.argv[1:]])
