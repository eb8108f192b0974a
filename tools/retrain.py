"""``mmcsod retrain`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['retrain', *sys.argv[1:]])
