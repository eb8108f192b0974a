"""``mmcsod analyze`` from a checkout."""

import sys

from mmcsod.commands import main

if __name__ == '__main__':
    main(['analyze', *sys.argv[1:]])
